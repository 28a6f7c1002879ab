/**
 * Sentences that name fields and actions without wording them. A sentence is its parts, so nothing that a file or a model is
 * called can be taken for a mark; a door words the marks. What no door words (logs, outcomes, stack traces) is in the
 * words of the command line.
 */
import { commandLine } from './command-line.ts';
import type { ActionMark, ActionName, FieldMark, FieldName, HelpMark, Mark, Wording } from './marks.ts';

export class Said {
  readonly parts: readonly (string | Mark)[];

  constructor(parts: readonly (string | Mark)[]) {
    this.parts = parts;
  }

  toString(): string {
    return toText(this, commandLine);
  }
}

/** A sentence, with marks or without. */
export type Words = string | Said;

/** Of a template: say`Name it with ${field('output', 'FILE')}.` */
export const say = (texts: TemplateStringsArray, ...values: readonly (Words | Mark | number)[]): Said =>
  new Said(
    texts.flatMap((text, at) => {
      const value = values[at];
      if (value instanceof Said) return [text, ...value.parts];
      if (typeof value === 'object') return [text, value];
      return at < values.length ? [text, `${value}`] : [text];
    }),
  );

/** A field of the request, by its name, or with a value as it stands in the sentence. */
export const field = (name: FieldName, value?: string): FieldMark => ({ kind: 'field', name, value });

/** An action within a sentence. */
export const action = (name: ActionName, ...words: readonly (string | FieldMark)[]): ActionMark => ({
  kind: 'action',
  name,
  words,
  isLine: false,
});

/** An action to be asked for as it stands there: after a colon, or on a line of its own. */
export const actionLine = (name: ActionName, ...words: readonly (string | FieldMark)[]): ActionMark => ({
  kind: 'action',
  name,
  words,
  isLine: true,
});

/** Where it stands how an action is asked for; without a name, the one that was. */
export const help = (name?: ActionName): HelpMark => ({ kind: 'help', action: name });

const partIn = (part: string | Mark, wording: Wording): string => {
  if (typeof part === 'string') return part;
  switch (part.kind) {
    case 'field':
      return wording.field(part);
    case 'action':
      return wording.action(part);
    case 'help':
      return wording.help(part);
  }
};

export const toText = (words: Words, wording: Wording = commandLine): string =>
  typeof words === 'string' ? words : words.parts.map((part) => partIn(part, wording)).join('');

/** The same data with its sentences as text. */
export type Worded<T> = T extends Said
  ? string
  : T extends object
    ? { [Name in keyof T]: Worded<T[Name]> }
    : T;

/** All sentences of a document in the words of one door. */
export const worded = <T>(value: T, wording: Wording = commandLine): Worded<T> => {
  const of = (each: unknown): unknown => {
    if (typeof each !== 'object' || each === null) return each;
    if (each instanceof Said) return toText(each, wording);
    if (Array.isArray(each)) return each.map(of);
    return Object.fromEntries(Object.entries(each).map(([name, member]) => [name, of(member)]));
  };
  return of(value) as Worded<T>;
};
