import { asTyped } from '../../say/shell-quote.ts';

/** A command to copy: with the home that this one was told to use. */
export const toType = (home: string | undefined, name: string, words: readonly string[]): string =>
  ['koubou', name, ...(home === undefined ? [] : ['--home', home]), ...words].map(asTyped).join(' ');
