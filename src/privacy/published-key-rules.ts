/**
 * The rules that secretlint publishes, which its maintainers keep up with the formats of keys. They are called directly
 * and not through its core: that reports places, with messages, and obeys comments in the text.
 */

interface Rule {
  meta: { id: string };
  create(
    context: Context,
    options: object,
  ): { file(source: { content: string; ext: string; contentType: 'text' }): unknown };
}

interface Context {
  sharedOptions: object;
  createTranslator(): (name: string) => { messageId: string };
  report(found: { message: { messageId: string } }): void;
}

/** `// secretlint-disable` in a text does not make it safe to send. */
const OBEYS_COMMENTS = '@secretlint/secretlint-rule-filter-comments';
/** Off by default for the false alarms, which are cheap here. */
const OPTIONS = { enableIDScanRule: true };

/** The shortest key that a rule knows has so many letters of one run; all else that they know is in key-formats.ts. */
const RUN = /[A-Za-z0-9_+/=-]{20}/;

let rules: readonly Rule[] | undefined;

/** What was found, as its rule names it; undefined: nothing. Loads the rules only where there may be a key. */
export const findPublishedKey = async (text: string): Promise<string | undefined> => {
  if (!RUN.test(text)) return undefined;
  rules ??= await load();
  for (const rule of rules) {
    const found = await findBy(rule, text);
    if (found !== undefined) return found;
  }
  return undefined;
};

const load = async (): Promise<readonly Rule[]> => {
  const published = await import('@secretlint/secretlint-rule-preset-recommend');
  return (published.rules as readonly Rule[]).filter(({ meta }) => meta.id !== OBEYS_COMMENTS);
};

const findBy = async (rule: Rule, text: string): Promise<string | undefined> => {
  let found: string | undefined;
  const context: Context = {
    sharedOptions: {},
    createTranslator: () => (name) => ({ messageId: name }),
    report: ({ message }) => {
      found ??= `a key (${message.messageId})`;
    },
  };
  await rule.create(context, OPTIONS).file({ content: text, ext: '.txt', contentType: 'text' });
  return found;
};
