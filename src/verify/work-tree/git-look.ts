/** An index of koubou's own, and what it says of the files of a work tree. */
import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { git, gitOutput } from '../../git/git.ts';
import { asBytes, pathIn, shownName, zeroEnded } from '../../git/names.ts';
import type { GitPlace } from '../../git/place.ts';
import { pointedTo } from '../../git/repository/lfs-pointer.ts';

/** One index that is brought up to what lies in the work tree. Names are git's bytes, relative to the folder. */
export class Look {
  readonly variables: Readonly<Record<string, string>>;
  /** What it began with. */
  known: ReadonlySet<string> = new Set();
  readonly #place: GitPlace;

  constructor(place: GitPlace, index: string) {
    this.#place = place;
    this.variables = { GIT_INDEX_FILE: index };
  }

  /** Of `git ls-files`. */
  async list(...flags: string[]): Promise<string[]> {
    return zeroEnded(
      await gitOutput(this.#place, ['ls-files', '-z', ...flags], { variables: this.variables }),
    );
  }

  /** Of new files, those whose names git takes into no index, and passes over (`git~1`, `.git::x`). As text. */
  async refused(names: readonly string[]): Promise<string[]> {
    if (names.length === 0) return [];
    const listed = new Set(await this.list());
    return names.filter((name) => !listed.has(name)).map(shownName);
  }

  /** What the user told git to take for unchanged is looked at all the same; where a file is left out, it stays so. */
  async clearBits(): Promise<void> {
    const marked = (await this.list('-v')).map((line) => ({ tag: line[0] ?? '', name: line.slice(2) }));
    this.known = new Set(marked.map(({ name }) => name));
    const assumed = marked.filter(({ tag }) => tag >= 'a' && tag <= 'z').map(({ name }) => name);
    await this.#updateIndex(['--no-assume-unchanged'], assumed);
    const left: string[] = [];
    for (const { tag, name } of marked) {
      if (tag.toUpperCase() === 'S' && (await factsOf(this.#place, name)) !== undefined) left.push(name);
    }
    await this.#updateIndex(['--no-skip-worktree'], left);
  }

  /** What is tracked and no longer as the index has it. Submodules are repositories of their own. */
  async moved(): Promise<{ changed: string[]; gone: string[] }> {
    const { variables } = this;
    // Its exit code says that something is not up to date.
    await git(this.#place, ['update-index', '-q', '--ignore-submodules', '--refresh'], { variables });
    const raw = ['-z', '--raw', '--no-abbrev', '--no-renames', '--relative', '--ignore-submodules=all'];
    const fields = zeroEnded(await gitOutput(this.#place, ['diff-files', ...raw], { variables }));
    const gone: string[] = [];
    const changed: string[] = [];
    const sameMode = new Map<string, string>();
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [was, is, id = '', , status] = (fields[at] ?? '').slice(1).split(' ');
      const name = fields[at + 1] ?? '';
      (status === 'D' ? gone : changed).push(name);
      if (status === 'M' && was === is) sameMode.set(name, id);
    }
    const same = await pointedTo(this.#place, sameMode);
    return { changed: changed.filter((name) => !same.has(name)), gone };
  }

  /** Of a name at which neither a file nor a link lies any more, nothing is kept. */
  async update(gone: readonly string[], changed: readonly string[]): Promise<void> {
    const there: string[] = [];
    const away = [...gone];
    for (const name of changed) {
      const facts = await factsOf(this.#place, name);
      (facts?.isFile() || facts?.isSymbolicLink() ? there : away).push(name);
    }
    // Before what is new: a file may have become a folder.
    await this.#updateIndex(['--force-remove'], away);
    await this.#updateIndex(['--add', '--remove', '--replace'], there);
  }

  async #updateIndex(flags: readonly string[], names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await gitOutput(this.#place, ['update-index', ...flags, '-z', '--stdin'], {
      variables: this.variables,
      input: asBytes(names.map((name) => `${name}\0`).join('')),
    });
  }
}

export const factsOf = (place: GitPlace, name: string): Promise<Stats | undefined> =>
  lstat(pathIn(place.folder, name)).catch(() => undefined);
