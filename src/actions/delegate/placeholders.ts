/** `{file}` and its like in the words of a task that is made for each of many files. */
export const PLACEHOLDER = /\{(file|dir|name|stem|ext)\}/g;

export type Values = Readonly<Record<string, string>>;

export const hasPlaceholder = (text: string): boolean => text.search(PLACEHOLDER) !== -1;

export const filled = (text: string, values: Values): string =>
  text.replace(PLACEHOLDER, (_, name: string) => values[name] ?? '');
