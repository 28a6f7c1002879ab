/**
 * YAML that anybody may have written, read in a time that grows with its length: `yaml` compares each key of a group with
 * all others, and looks for each anchor from the beginning. Loads yaml.
 */
import { type Document, isScalar, type LineCounter, parseDocument, visit, YAMLParseError } from 'yaml';

/** Of a text whose length is not bound otherwise: anchors take a time that grows with its square. */
export const MOST_LETTERS = 64 * 1024;

/** Its `errors` say what is wrong; a text that is nested too deeply to be read has one, too. */
export const readYaml = (text: string, lineCounter?: LineCounter): Document => {
  const options = { prettyErrors: false, uniqueKeys: false, ...(lineCounter ? { lineCounter } : {}) };
  try {
    const document = parseDocument(text, options);
    if (document.errors.length === 0) requireOnce(document);
    return document;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const document = parseDocument('', options);
    document.errors.push(new YAMLParseError([0, 0], 'IMPOSSIBLE', 'it is nested too deeply'));
    return document;
  }
};

const requireOnce = (document: Document): void => {
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) {
          const [from = 0, to = 0] = key.range ?? [];
          document.errors.push(new YAMLParseError([from, to], 'DUPLICATE_KEY', 'Map keys must be unique'));
          return visit.BREAK;
        }
        seen.add(key.value);
      }
      return undefined;
    },
  });
};
