/** Makes ready what an apply moves: the new files as git writes them, the old ones under a second name, and the journal. */
import { join } from 'node:path';
import { gitOutput } from '../../git/git.ts';
import { asBytes, pathIn, zeroEnded } from '../../git/names.ts';
import { type GitPlace } from '../../git/place.ts';
import { syncAll } from '../../process/sync.ts';
import type { SealedHome, WorktreeRecord } from '../record.ts';
import { makePlace, placeOfJournal, readJournal, removeJournal, writeJournal } from './journal.ts';
import { digest, type Ground, parentsOf, undoFiles } from './move-files.ts';
import { keepFile } from './put-file.ts';
import { lyingAt, type Move, type State } from './states.ts';
import { within } from './within.ts';

interface Staged {
  own: SealedHome;
  record: WorktreeRecord;
  head: string;
  tree: string;
  /** Those that are still to be made. */
  moves: readonly Move[];
}

/** All of it is on the disk when it resolves. */
export const stage = async (place: GitPlace, { own, record, head, tree, moves }: Staged): Promise<Ground> => {
  const made = await makePlace(own, record.task_id);
  const folder = await placeOfJournal(own, { task_id: record.task_id, place: made });
  const fresh = join(folder, 'new');
  await writeFiles(place, { folder: fresh, index: join(folder, 'index'), tree, moves });
  const folders = new Set<string>();
  for (const { name, to } of moves) {
    if (to === null) continue;
    for (const parent of parentsOf(name)) {
      if ((await lyingAt(place.folder, parent)) !== 'folder') folders.add(parent);
    }
  }
  const files = [];
  for (const [at, { name, to }] of moves.entries()) {
    const lies = await lyingAt(place.folder, name);
    const was = lies === 'file' || lies === 'link';
    if (was) await within(place.folder, name, ({ path }) => keepFile(path, join(folder, 'old', `${at}`)));
    const sha256 = to === null ? null : await digest(pathIn(fresh, name));
    files.push({ name, was, becomes: to, sha256 });
  }
  const journal = {
    task_id: record.task_id,
    place: made,
    repository: place.folder,
    head,
    folders: [...folders],
    files,
  };
  const parents = files.flatMap(({ name, becomes }) => (becomes === null ? [] : parentsOf(name)));
  await syncAll([...parents.map((name) => pathIn(fresh, name)), fresh, join(folder, 'old'), folder]);
  await writeJournal(own, journal);
  return { folder, journal };
};

/** Through git, which knows line ends, encodings, modes and links. The work tree that it writes to is `folder`. */
const writeFiles = async (
  place: GitPlace,
  { folder, index, tree, moves }: { folder: string; index: string; tree: string; moves: readonly Move[] },
): Promise<void> => {
  const names = moves.filter(({ to }) => to !== null).map(({ name }) => name);
  if (names.length === 0 || place.own === undefined) return;
  const there = { ...place, folder, own: { ...place.own, top: folder } };
  const variables = { GIT_INDEX_FILE: index };
  await gitOutput(there, ['read-tree', '--no-sparse-checkout', tree], { variables });
  const input = asBytes(names.map((name) => `${name}\0`).join(''));
  await gitOutput(there, ['checkout-index', '-f', '-z', '--stdin'], { variables, input });
  await syncAll(names.map((name) => pathIn(folder, name)));
};

/** Undoes what an apply of the task wrote that was killed. The index of the work tree is held meanwhile. */
export const undoKilled = async (
  place: GitPlace,
  own: SealedHome,
  id: string,
  head: string | null,
): Promise<void> => {
  const journal = await readJournal(own, id);
  if (journal !== undefined) {
    const ground = { folder: await placeOfJournal(own, journal), journal };
    await undoFiles(ground, head === journal.head ? undefined : await statesAt(place, head));
  }
  await removeJournal(own, id);
};

const statesAt = async (place: GitPlace, head: string | null): Promise<Map<string, State>> => {
  const states = new Map<string, State>();
  if (head === null) return states;
  for (const line of zeroEnded(await gitOutput(place, ['ls-tree', '-r', '-z', '--full-tree', head]))) {
    const tab = line.indexOf('\t');
    const [mode, , id] = line.slice(0, tab).split(' ');
    states.set(line.slice(tab + 1), `${mode} ${id}`);
  }
  return states;
};
