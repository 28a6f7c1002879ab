/** What bubblewrap mounts where, from what a program may reach. */
import type { Dirent } from 'node:fs';
import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isWithin } from '../../text/is-within.ts';
import type { Confinement } from '../executor.ts';
import { deepest, isClosed, outermost } from '../guarded/layers.ts';
import { copyMounts, type Mount } from './copy-mounts.ts';
import type { HeldPlaces } from './held-places.ts';
import { boundSockets, socketsAndPipesBelow } from './sockets.ts';

/** Below these lie sockets and files of the user's session and of others; a program gets empty ones of its own. */
const PRIVATE = ['/tmp', '/var/tmp', '/dev/shm', '/run', '/var/run'];
/** What programs cannot do without of those: name servers, and the programs themselves where NixOS keeps them. */
const NEEDED = [
  '/run/systemd/resolve/resolv.conf',
  '/run/systemd/resolve/stub-resolv.conf',
  '/run/resolvconf',
  '/run/NetworkManager/resolv.conf',
  '/run/NetworkManager/no-stub-resolv.conf',
  '/run/current-system',
  '/run/booted-system',
  '/run/opengl-driver',
];
/**
 * Of the kernel's own files those that the root of the machine may write, or should not be read: what container runtimes
 * keep from it (OCI runtime-spec, config-linux: maskedPaths, readonlyPaths). For others none of it is open.
 */
const READ_ONLY_FOR_ROOT = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
  '/proc/mtrr',
];
const HIDDEN_FROM_ROOT = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/scsi',
  '/proc/timer_list',
  '/sys/firmware',
  '/sys/kernel/debug',
  '/sys/kernel/tracing',
];
/** More would take long to mount. Such a folder is read-only then. */
const MOST_ENTRIES = 500;

/** What a confined program sees of each place, before it is said in mounts. Only paths that are there. */
interface Coverage {
  writable: string[];
  /** Its own empty folder in each one's place. */
  own: string[];
  hidden: string[];
  /** Folders of its own, in which it sees these entries alone. */
  scratch: Awaited<ReturnType<typeof scratchFolders>>;
  /** Among what is covered. */
  readable: string[];
  /** Hidden, and nothing has to be done for it. */
  left: ReadonlySet<string>;
  /** In a writable one. */
  guarded: string[];
  /** Folders in a writable one that cannot be moved: those that are pinned, and those around links, which are watched. */
  pinned: string[];
  isWritable: (path: string) => boolean;
  isOpen: (path: string) => boolean;
}

const coverageOf = async (confinement: Confinement): Promise<Coverage> => {
  // These were judged as they stand: followed to elsewhere, they would be what nobody judged.
  const writable = [...new Set(confinement.writable)];
  const own = await existing(PRIVATE);
  const isWritable = (path: string): boolean => writable.some((folder) => isWithin(path, folder));
  const around = await existing([...confinement.scratch, ...writable.map((path) => dirname(path))]);
  const tops = around.filter((path) => path !== '/' && !isWritable(path));
  const passed = [...(await existing(confinement.hidden)), ...writable];
  // What koubou itself put there for the program lies among files of the run.
  const { network: net } = confinement;
  const ofRun = typeof net === 'object' ? dirname(net.relaySocket) : undefined;
  const talked = [...(await boundSockets()), ...(await socketsAndPipesBelow(tops, passed))].filter(
    (path) => ofRun === undefined || !isWithin(path, ofRun),
  );
  const hidden = await existing([...confinement.hidden, ...talked]);
  const covers = [...own, ...hidden];
  /** A writable folder below a hidden one is seen, and a hidden one below a writable one is not. */
  const isOpen = (path: string): boolean => deepest(path, writable) > deepest(path, covers);
  const scratchTops = [
    ...(await existing(confinement.scratch)),
    ...(await foldersOfHidden(confinement)),
    ...(await foldersOfNamed(confinement)).filter((path) => deepest(path, own) === 0),
  ];
  const scratch = await scratchFolders(
    scratchTops.filter((path) => !isWritable(path) && deepest(path, hidden) === 0),
  );
  const { network } = confinement;
  const relay = typeof network === 'object' ? [network.relaySocket] : [];
  const readable = [...new Set([...confinement.readable, ...(await existing(relay))])].filter(
    (path) => !isOpen(path) && deepest(path, covers) > 0,
  );
  // Of what is in a folder of its own a program sees what is put there, now and later.
  const left = new Set(
    hidden.filter((path) => scratch.has(dirname(path)) && !readable.some((each) => isWithin(path, each))),
  );
  const guarded = outermost((await existing(confinement.protected)).filter(isOpen), writable);
  const links = (await Promise.all(confinement.protected.map(isLink))).flat().filter(isOpen);
  const folders = [...links.map((path) => dirname(path)), ...(await existing(confinement.pinned ?? []))];
  const pinned = folders.filter((path) => isOpen(path) && !writable.includes(path));
  return { writable, own, hidden, scratch, readable, left, guarded, pinned, isWritable, isOpen };
};

/**
 * Paths that are not there are left out: bubblewrap would make them, outside too where they lie in a writable one. Throws
 * KoubouError `not_allowed` where what was judged has become a link.
 */
export const mountsOf = async (confinement: Confinement, places: HeldPlaces): Promise<string[]> => {
  const coverage = await coverageOf(confinement);
  const { writable, own, hidden, scratch, readable, left, guarded, pinned, isWritable, isOpen } = coverage;
  const held = (how: '--bind' | '--ro-bind', path: string, rank: number): Mount[] => {
    const words = places.mount(how, path);
    return words === undefined ? [] : [{ path, rank, words }];
  };
  for (const path of await existing(confinement.copies?.places ?? [])) scratch.delete(path);
  const copies = await copiesOf(confinement, { isWritable, scratch, places });
  const elsewhere = new Set([...left, ...copies.map(({ path }) => path)]);
  const covered = await Promise.all(hidden.filter((path) => !left.has(path)).map(cover));
  for (const { path } of covered) if (isWritable(path)) places.covered.push(path);
  const mounts: Mount[] = [
    { path: '/dev', rank: 0, words: ['--dev', '/dev'] },
    { path: '/proc', rank: 0, words: ['--proc', '/proc'] },
    ...(await forRoot()),
    ...own.map((path) => ({ path, rank: 0, words: ['--tmpfs', path] })),
    ...(await existing(NEEDED)).map((path) => bound('--ro-bind', path, 1)),
    ...(
      await Promise.all([...scratch].map(([path, entries]) => scratchMounts(path, entries, elsewhere)))
    ).flat(),
    ...copies,
    ...covered,
    ...readable.flatMap((path) => held('--ro-bind', path, 4)),
    ...writable.flatMap((path) => held('--bind', path, 5)),
    ...[
      ...new Set([
        ...pinned,
        ...[...guarded, ...pinned, ...hidden, ...writable].flatMap((path) => between(path, writable)),
      ]),
    ]
      .filter((path) => isOpen(path) && !isClosed(path, guarded, writable))
      .flatMap((path) => held('--bind', path, 2)),
    ...guarded.flatMap((path) => held('--ro-bind', path, 6)),
  ];
  // Later mounts lie over earlier ones, so a folder comes before what is in it.
  const inOrder = mounts.toSorted((a, b) => (a.path === b.path ? a.rank - b.rank : a.path < b.path ? -1 : 1));
  return [
    '--ro-bind',
    '/',
    '/',
    ...inOrder.flatMap(({ words }) => words),
    // Only now, as mounts in it need their places made.
    ...covered.flatMap(({ path, words }) => (words[0] === '--tmpfs' ? ['--remount-ro', path] : [])),
  ];
};

const copiesOf = async (
  { copies }: Confinement,
  {
    isWritable,
    scratch,
    places,
  }: { isWritable: (path: string) => boolean; scratch: ReadonlyMap<string, unknown>; places: HeldPlaces },
): Promise<Mount[]> => {
  const own = await existing(copies?.places ?? []);
  const shown = new Set(await existing(copies?.shown ?? []));
  const mounts = own.map(async (path): Promise<Mount[]> => {
    if ((await lstat(path).catch(() => undefined))?.isDirectory() === true)
      return copyMounts(path, { shown, left: isWritable, places });
    // In a folder that is the program's own; elsewhere it would be the real one.
    const words = scratch.has(dirname(path)) ? places.copy(path) : undefined;
    return words === undefined ? [] : [{ path, rank: 1, words }];
  });
  return (await Promise.all(mounts)).flat();
};

/** The same as the last words of another's command line for bubblewrap; none where the user is not root. */
export const wordsForRoot = async (): Promise<string[]> => {
  const mounts = await forRoot();
  const covers = mounts.filter(({ words }) => words[0] === '--tmpfs');
  return [...mounts.flatMap(({ words }) => words), ...covers.flatMap(({ path }) => ['--remount-ro', path])];
};

const forRoot = async (): Promise<Mount[]> => {
  if (process.getuid?.() !== 0) return [];
  const [readOnly, hidden] = await Promise.all([READ_ONLY_FOR_ROOT, HIDDEN_FROM_ROOT].map(existing));
  return [
    ...(readOnly ?? []).map((path) => bound('--ro-bind', path, 1)),
    ...(await Promise.all((hidden ?? []).map(cover))),
  ];
};

const isLink = async (path: string): Promise<string[]> =>
  (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true ? [path] : [];

/** Without symbolic links: over one nothing can be mounted. */
const existing = async (paths: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(paths.map((path) => realpath(path).catch(() => null)));
  return [...new Set(found.filter((path) => path !== null))];
};

/** The folders between: a mount can be moved away with the folder it lies in, but not where that is a mount too. */
const between = (path: string, writable: readonly string[]): string[] => {
  const folders: string[] = [];
  for (let folder = dirname(path); writable.some((each) => each !== folder && isWithin(folder, each)); ) {
    folders.push(folder);
    folder = dirname(folder);
  }
  return folders.filter((folder) => !writable.includes(folder));
};

/** Of the machine's own, which no program of a sandbox may change. */
const bound = (how: '--ro-bind', path: string, rank: number): Mount => ({
  path,
  rank,
  words: [how, path, path],
});

const cover = async (path: string): Promise<Mount> => {
  const isFolder = (await lstat(path).catch(() => undefined))?.isDirectory() === true;
  // Bound as a device: an empty file that can be read.
  return { path, rank: 3, words: isFolder ? ['--tmpfs', path] : ['--dev-bind', '/dev/null', path] };
};

/**
 * The folders in which hidden files lie, or may come to lie: a mount over a file goes when another one is put in its
 * place, and what is not there has none. Of the machine's own folders, only root could read what lies in them.
 */
const foldersOfHidden = async ({ hidden, scratch }: Confinement): Promise<string[]> => {
  const tops = await existing(scratch);
  const isRoot = process.getuid?.() === 0;
  const folders = hidden.map(async (path) => {
    const facts = await lstat(path).catch(() => undefined);
    const folder = await realpath(dirname(path)).catch(() => undefined);
    if (folder === undefined || folder === '/') return [];
    const isOfUser = tops.some((top) => isWithin(folder, top));
    const isWanted = facts === undefined ? isOfUser : facts.isFile() && (isOfUser || isRoot);
    return isWanted ? [folder] : [];
  });
  return [...new Set((await Promise.all(folders)).flat())];
};

/** An agent may say how a daemon is told of such places, and each entry of such a folder is a mount. */
const MOST_NAMED = 20;

/**
 * The folders of this user's own in which keys lie, or may come to lie, that variables name: those outside of the home folder,
 * as their logins are renewed there meanwhile.
 */
const foldersOfNamed = async ({ named = [] }: Confinement): Promise<string[]> => {
  const places = [...named, ...(await existing(named))];
  const found = (await existing(places.map((path) => dirname(path)))).filter((path) => path !== '/');
  const owners = await Promise.all(
    found.map(async (path) => (await lstat(path).catch(() => undefined))?.uid),
  );
  return found.filter((_, nth) => owners[nth] === process.getuid?.()).slice(0, MOST_NAMED);
};

/** By their paths, what is in them. Without those that have too much in them, or cannot be read. */
const scratchFolders = async (folders: readonly string[]): Promise<Map<string, Dirent[]>> => {
  const read = [...new Set(folders)].map(async (path) => {
    const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
    return entries === undefined || entries.length > MOST_ENTRIES ? [] : [[path, entries] as const];
  });
  return new Map((await Promise.all(read)).flat());
};

/** A folder of the program's own with what is in the real one, each entry read-only; without what is `left` to others. */
const scratchMounts = async (
  folder: string,
  entries: readonly Dirent[],
  left: ReadonlySet<string>,
): Promise<Mount[]> => {
  const inner = entries
    .filter((entry) => !left.has(join(folder, entry.name)))
    .map(async (entry): Promise<Mount[]> => {
      const path = join(folder, entry.name);
      if (entry.isSymbolicLink()) {
        const target = await readlink(path).catch(() => undefined);
        return target === undefined ? [] : [{ path, rank: 2, words: ['--symlink', target, path] }];
      }
      // Neither sockets nor pipes.
      if (!entry.isDirectory() && !entry.isFile()) return [];
      return [{ path, rank: 1, words: ['--ro-bind-try', path, path] }];
    });
  return [{ path: folder, rank: 2, words: ['--tmpfs', folder] }, ...(await Promise.all(inner)).flat()];
};
