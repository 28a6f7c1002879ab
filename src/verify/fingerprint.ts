/** What stands at a path, told from anything else that could: kinds, names, targets of links and contents. */
import { createHash, type Hash } from 'node:crypto';
import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { asBytes } from '../git/names.ts';
import { pseudoSystem } from './changes/real-files.ts';

/** Settings are small; of what is more, size and time stand for the rest. */
const MOST_ENTRIES = 5000;
const MOST_BYTES = 1024 * 1024;

/** `path`: in git's bytes. Follows links, as the programs that obey these settings do, but not into /proc and its like. */
export const fingerprint = async (path: string): Promise<string> => {
  const look = new Look();
  await look.at(path);
  return look.digest();
};

class Look {
  readonly #hash: Hash = createHash('sha256');
  readonly #seen = new Set<string>();
  #left = MOST_ENTRIES;

  async at(path: string): Promise<void> {
    this.#left -= 1;
    const facts = await lstat(asBytes(path)).catch(() => undefined);
    if (facts === undefined) return this.#say('nothing');
    if (!facts.isSymbolicLink()) return this.#through(path);
    const target = await readlink(asBytes(path), { encoding: 'latin1' }).catch(() => '');
    this.#say(`link ${target}`);
    const end = await realpath(asBytes(path), { encoding: 'buffer' }).catch(() => undefined);
    if (end === undefined) return this.#say('to nothing');
    // To a folder around it: the project, whose files are no settings.
    if (`${path}/`.startsWith(`${end.toString('latin1')}/`)) return this.#say('to around');
    // Reading there may wait for ever; the link itself tells it from any other.
    if ((await pseudoSystem(end).catch(() => 'gone')) !== undefined) return this.#say('to no file');
    return this.#through(end.toString('latin1'));
  }

  async #through(path: string): Promise<void> {
    const facts = await stat(asBytes(path)).catch(() => undefined);
    if (facts === undefined) return this.#say('nothing');
    if (facts.isFile()) {
      const isSmall = facts.size <= MOST_BYTES;
      const bytes = isSmall ? await readFile(asBytes(path)).catch(() => null) : null;
      if (bytes === null) return this.#say(`file ${facts.size} ${facts.mtimeMs} ${facts.ino}`);
      this.#say(`file ${bytes.length}`);
      this.#hash.update(bytes);
      return;
    }
    const self = `${facts.dev}.${facts.ino}`;
    if (!facts.isDirectory() || this.#seen.has(self) || this.#left <= 0)
      return this.#say(`${facts.mode} ${self} ${facts.mtimeMs}`);
    this.#seen.add(self);
    const names = await readdir(asBytes(path), { encoding: 'latin1' }).catch(() => null);
    if (names === null) return this.#say('closed');
    for (const name of names.toSorted()) {
      this.#say(name);
      await this.at(`${path}/${name}`);
    }
  }

  #say(text: string): void {
    this.#hash.update(`${text.length} ${text}\n`);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}
