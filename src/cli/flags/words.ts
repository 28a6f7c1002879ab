/**
 * What follows the first `--` is kept from oclif, whose own `argv` reorders words that repeat a flag's value.
 * `words` is undefined where there was no `--`, and empty where nothing came after it.
 */
export function splitWords(argv: readonly string[]): { argv: string[]; words: string[] | undefined } {
  const at = argv.indexOf('--');
  return at === -1
    ? { argv: [...argv], words: undefined }
    : { argv: argv.slice(0, at), words: argv.slice(at + 1) };
}
