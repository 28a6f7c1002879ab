/** Whether a program is one of `callers.agent.commands`, which agents may have run with the rights of the user. Pure. */

/** Words that a shell takes as they are: nothing in them starts another program or names another file. */
const PLAIN = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/;

/** `listed`: as in the config, words with spaces between them. What a program is called with may go on behind them. */
export const isListedProgram = (words: readonly string[], listed: readonly string[]): boolean =>
  listed.some((entry) => {
    const wanted = entry.trim().split(/\s+/);
    return wanted[0] !== '' && wanted.every((word, at) => words[at] === word);
  });

/** A check is a text for a shell: only one that is nothing but a program and its words can be listed. */
export const isListedCheck = (check: string, listed: readonly string[]): boolean => {
  const words = check.trim().split(/ +/);
  return words.every((word) => PLAIN.test(word)) && isListedProgram(words, listed);
};
