/** One word for a shell, whatever is in it. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** As it would be typed: quoted only where it must be. */
export const asTyped = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : shellQuote(word));
