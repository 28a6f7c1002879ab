/** Names in a sentence for the log or the user. Pure. */

const MOST_NAMED = 100;

export const named = (names: readonly string[], most = MOST_NAMED): string => {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  // One line, whatever a name holds.
  return `${names
    .slice(0, most)
    .map((name) => name.replaceAll(/\p{Cc}/gu, '?'))
    .join(', ')}${more}`;
};
