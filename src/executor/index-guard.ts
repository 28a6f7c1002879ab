/**
 * The index of a git folder that a program may write to. git verifies the names in an index when it puts them in, and believes
 * what is in one: a name that a program wrote there by itself (`.git/hooks/post-checkout`, `../x`) the user's next
 * `git checkout .` would write to, and run.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { gitRefuses } from '../names/git-refuses.ts';
import { asName, shownName } from '../process/git.ts';
import { readGitFile } from '../process/git-index.ts';
import { namesIn } from '../process/gitlinks.ts';
import { commonOf } from '../process/nested-git.ts';
import { named } from '../text/named.ts';

const MOST_SETTINGS = 4 * 1024 * 1024;
const SHARED = /^sharedindex\.\w+$/;

export class IndexGuard {
  readonly #folder: string;
  readonly #hashBytes: number;
  readonly #before: ReadonlyMap<string, string>;

  private constructor(folder: string, hashBytes: number, before: ReadonlyMap<string, string>) {
    this.#folder = folder;
    this.#hashBytes = hashBytes;
    this.#before = before;
  }

  static async before(folder: string): Promise<IndexGuard> {
    return new IndexGuard(folder, await hashBytesOf(folder), await stampsOf(folder));
  }

  /** Files, by their names in the folder, that hold names which git would not have put there, and some of these names. */
  async forged(): Promise<{ files: string[]; names: string[] }> {
    const files: string[] = [];
    const names = new Set<string>();
    for (const [file, stamp] of await stampsOf(this.#folder)) {
      if (this.#before.get(file) === stamp) continue;
      const found = await readGitFile(join(this.#folder, file));
      // Of what is too large to be read, or no file, nobody knows what it says.
      if (found === undefined) {
        files.push(file);
        names.add(`those of ${file}, which cannot be read`);
        continue;
      }
      // In an index of two parts an entry that replaces one of the other part has no name.
      const forged = namesIn(found.bytes, this.#hashBytes).filter((name) => name !== '' && gitRefuses(name));
      if (forged.length > 0) files.push(file);
      for (const name of forged) names.add(shownName(name));
    }
    return { files, names: [...names] };
  }
}

export const indexForged = (folder: string, names: readonly string[]): KoubouError =>
  new KoubouError(
    'repository_lost',
    `The run wrote names into the index of ${folder} that git puts into none, and its next checkout would write there: ${named(names, 5)}.`,
    {
      hint: 'The index was set aside. `git reset` makes another one: nothing is staged then, and no file changes.',
    },
  );

/** The time of the change of a file itself nobody can set. */
const stampsOf = async (folder: string): Promise<Map<string, string>> => {
  const names = await readdir(folder, { encoding: 'latin1' });
  const stamps = new Map<string, string>();
  for (const name of names.filter((each) => each === 'index' || SHARED.test(each))) {
    const facts = await lstat(join(folder, name), { bigint: true }).catch(() => undefined);
    if (facts !== undefined) stamps.set(name, `${facts.ino} ${facts.ctimeNs} ${facts.size}`);
  }
  return stamps;
};

/** By its settings, which no program in a sandbox can write. */
const hashBytesOf = async (folder: string): Promise<number> => {
  const common = (await commonOf(asName(folder))) ?? asName(folder);
  const settings = await readGitFile(join(shownName(common), 'config'), MOST_SETTINGS);
  return /^\s*objectformat\s*=\s*"?sha256/im.test(settings?.bytes.toString('latin1') ?? '') ? 32 : 20;
};
