import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Runs an ES module's text as a user to whom rights are something: nobody where the tests run as root. `module`, of src, and
 * `words` are what it finds in process.argv. undefined: another user cannot read src, as in root's own folder.
 */
export const asOtherUser = (
  script: string,
  module: string,
  ...words: string[]
): SpawnSyncReturns<string> | undefined => {
  const other = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : ['env'];
  const url = new URL(`../../src/${module}`, import.meta.url);
  const run = (...all: string[]): SpawnSyncReturns<string> => {
    const [command = '', ...args] = [...other, ...all];
    return spawnSync(command, args, { encoding: 'utf8' });
  };
  if (run('test', '-r', fileURLToPath(url), '-a', '-x', process.execPath).status !== 0) return undefined;
  return run(process.execPath, '--input-type=module', '-e', script, url.href, ...words);
};
