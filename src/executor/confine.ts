/** What a program of a model's making may reach in the place of an attempt: one rule for agents, checks and commands. */
import { realpath } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, normalize } from 'node:path';
import { KoubouError } from '../errors.ts';
import { liesInWorktree } from '../names/agent-worktree.ts';
import { linkIn } from '../names/walk.ts';
import { holdsUser } from '../process/homes/key-folders.ts';
import { isKnownHome, knownHomesAround } from '../process/homes/known-home.ts';
import { noteModelFolder } from '../process/homes/model-folders.ts';
import { homesToHide } from '../process/homes/registered-homes.ts';
import { field, say } from '../say/say.ts';
import { isWithin, meets } from '../text/is-within.ts';
import { bubblewrapExecutor } from './bubblewrap/bubblewrap.ts';
import { findBubblewrap } from './bubblewrap/find-bubblewrap.ts';
import type { Confinement, ExecutionPlace, Executor } from './executor.ts';
import { type Held, type Holding, heldPlaces } from './guarded/held-places.ts';
import { wordsInHomes } from './guarded/placed-programs.ts';
import { privatePlaces } from './guarded/private-places.ts';
import { homeFolders, linkedConfigs, programsIn, secretPlaces } from './guarded/secret-places.ts';
import { gitPlaces, linkedGit } from './repositories/git-places.ts';
import { type Below, nestedRepositories } from './repositories/nested-repositories.ts';

export interface ConfineOptions {
  /** koubou's own folder; null: there is none. */
  home: string | null;
  /** Where the user's keys of homes may lie. */
  keys: readonly string[];
  /** Words of the config that may name programs: these stay as they are, as do those of the user's other homes. */
  programs?: readonly string[];
  /** Of the worker's environment, what names places of keys and logins: namingVariables. */
  naming?: Readonly<Record<string, string | undefined>>;
  /** The environment of the programs, already reduced. */
  environment: Readonly<Record<string, string>>;
  network: Confinement['network'];
  /** `project`: the git work tree around the folder of the work may be changed, not only that folder. */
  writes: 'folder' | 'project';
  /** A folder that must not be written to may still be looked at: the task is a question, and changes no files. */
  looks?: boolean;
  /** Besides; absolute. */
  writable?: readonly string[];
  /** Names below HOME that are otherwise hidden. */
  spared?: readonly string[];
}

/** Throws KoubouError `not_allowed` where no sandbox works or the folder cannot be given to a program. */
export const confinedExecutor = async (place: ExecutionPlace, options: ConfineOptions): Promise<Executor> => {
  const confinement = await confinementOf(place, options);
  const found = await findBubblewrap(options.environment['PATH'], confinement.writable);
  if ('program' in found) return bubblewrapExecutor(found.program, confinement);
  throw new KoubouError('not_allowed', `Its programs have to run in a sandbox, and ${found.why}.`, {
    hint: found.cure,
  });
};

/** Throws KoubouError `not_allowed` where a model that may write there could act with the user's rights. */
export const confinementOf = async (
  { cwd, statePath, own: results, attached }: ExecutionPlace,
  options: ConfineOptions,
): Promise<Confinement> => {
  const { environment, network, spared = [] } = options;
  refuseLinked(cwd);
  const home = options.home === null ? null : await real(options.home);
  const secrets = secretPlaces(environment, spared, options.naming);
  const secret = await Promise.all([...secrets.hidden, ...options.keys].map(real));
  const registered = homesToHide(options.keys);
  const around = knownHomesAround(cwd, options.keys);
  refuseFolder(cwd, [...(home === null ? [] : [home]), ...registered, ...around], secret);
  const isOpen = !holdsUser(cwd);
  if (!isOpen && options.looks !== true) throw tooWide(cwd);
  const git = isOpen ? await gitPlaces(cwd) : null;
  const project =
    options.writes === 'project' && git !== null && !git.isOpenToAll && !holdsUser(git.top) ? git.top : cwd;
  if (git?.isLink === true && isWithin(git.top, project)) throw linkedGit(cwd, git.top);
  const nested = isOpen ? await nestedRepositories(project, home ?? '') : NOTHING_BELOW;
  const others = [...registered, ...nested.homes.filter((path) => isKnownHome(path, options.keys))];
  const ofKoubou = placesOfKoubou(options, home === null ? others : [home, ...others]);
  const homes = await Promise.all(homeFolders(environment).map(real));
  const ofMachine = await privatePlaces([cwd, ...homes]);
  const configs = linkedConfigs(ofKoubou);
  const hidden = [...secrets.hidden, ...ofKoubou, ...configs.places, ...ofMachine];
  const [ownState = statePath, ...closed] = await Promise.all([statePath, ...hidden].map(real));
  const kinds = { homes, ownState, logins: secrets.hidden, others: [...ofKoubou, ...ofMachine] };
  const asked = await askedWritable(options.writable ?? [], kinds);
  const shown = await shownPrograms([...pathFolders(environment), ...(git?.readable ?? [])], homes, closed);
  if (isOpen) await noteModelFolder(project, options.keys);
  const held = isOpen
    ? await heldOrRefused({
        top: project,
        cwd,
        git: git?.protected ?? [],
        below: nested,
        bins: ['koubou'],
        writable: asked,
        keys: secrets.named,
        words: [...(options.programs ?? []), ...(await wordsInHomes(ofKoubou))],
        path: environment['PATH'],
        configs,
      })
    : NOTHING_HELD;
  return {
    // Its own mount, so that no link to elsewhere can take its place.
    writable: [...(isOpen ? [project, cwd] : []), ...asked],
    protected: [...(git?.protected ?? []), ...held.kept, ...held.links],
    pinned: held.pinned,
    folders: git === null ? [] : nested.folders,
    ...secrets,
    hidden,
    readable: [
      ...outside(secret, [...(await Promise.all(results.map(real))), ...attached]),
      ownState,
      ...shown,
    ],
    network,
  };
};

/** With the user's own home of koubou, where this is another's task. */
const placesOfKoubou = ({ keys, environment }: ConfineOptions, homes: readonly string[]): string[] => [
  ...keys,
  ...homeFolders(environment).map((folder) => join(folder, '.koubou')),
  ...homes,
];

/** The real paths of what was asked to be writable. Throws `not_allowed` for what nobody may write to. */
const askedWritable = async (
  paths: readonly string[],
  kinds: { homes: string[]; ownState: string; logins: readonly string[]; others: readonly string[] },
): Promise<string[]> => {
  const asked = await Promise.all(paths.map(real));
  // A person may name a login of the table; what leads to one by a link was named by nobody.
  const logins = kinds.logins.filter((each) => !isNamed(each, paths));
  const closed = await Promise.all([...logins, ...kinds.others].map(real));
  for (const path of asked) refuseWritable(path, { homes: kinds.homes, closed, own: kinds.ownState });
  return asked;
};

const heldOrRefused = async (holding: Holding): Promise<Held> => {
  const held = await heldPlaces(holding);
  if (held.why !== undefined) throw refused(holding.cwd, held.why);
  return held;
};

const NOTHING_HELD: Held = { kept: [], links: [], pinned: [], why: undefined };
const NOTHING_BELOW: Below = { guarded: [], folders: [], homes: [], settings: [], packages: [] };

const real = (path: string): Promise<string> => realpath(path).catch(() => path);

/** The folder was judged by where it led: a link that is in it now leads to what nobody judged. */
const refuseLinked = (cwd: string): void => {
  const link = linkIn(cwd);
  if (link !== undefined) throw refused(cwd, `${link.path} has become a link, to ${link.target}`);
};

const refuseFolder = (cwd: string, homes: readonly string[], secret: readonly string[]): void => {
  if (homes.some((home) => isWithin(cwd, home) && !isWithin(cwd, join(home, 'worktrees')))) {
    throw refused(cwd, "it lies in koubou's own folder, and what works there could change the queue");
  }
  // Some agents have their linked work trees beside their login, which stays hidden.
  if (secret.some((path) => isWithin(cwd, path) && !liesInWorktree(cwd, path)))
    throw refused(cwd, 'it holds keys or logins of yours');
};

const isNamed = (place: string, writable: readonly string[] = []): boolean =>
  writable.some((path) => isWithin(path, place));

/** Paths that a sandbox never writes to, wherever they are named: in git's files, in the config, by a link. Resolved. */
const refuseWritable = (
  path: string,
  { homes, closed, own }: { homes: readonly string[]; closed: readonly string[]; own: string },
): void => {
  if (isWithin(path, own)) return;
  if (holdsUser(path) || homes.some((home) => isWithin(home, path))) throw tooWide(path);
  const secret = closed.find((each) => isWithin(path, each));
  if (secret !== undefined) throw refused(path, `what lies in ${secret} is hidden from it`);
};

const tooWide = (cwd: string): KoubouError =>
  refused(
    cwd,
    cwd === '/' ? 'it is the whole machine' : 'your home folder lies in it, with files that your shell runs',
  );

const refused = (cwd: string, why: string): KoubouError =>
  new KoubouError('not_allowed', `No program of a sandbox may work in ${cwd}: ${why}.`, {
    hint: say`Delegate with another ${field('cwd')}, or switch the sandbox off for the runner (docs/agents.md).`,
  });

/** Programs lie where the user says, be it below /tmp. */
const pathFolders = (environment: Readonly<Record<string, string>>): string[] =>
  (environment['PATH'] ?? '')
    .split(delimiter)
    .filter(isAbsolute)
    .map(normalize)
    .filter((folder) => folder.split('/').length > 2);

const outside = (folders: readonly string[], paths: readonly string[]): string[] =>
  paths.filter((path) => !folders.some((folder) => isWithin(path, folder)));

/** A PATH is for programs, and an agent may have said it: it opens nothing that is `hidden`, be it above or below. */
const shownPrograms = async (
  folders: readonly string[],
  homes: readonly string[],
  hidden: readonly string[],
): Promise<string[]> => {
  const programs = homes.flatMap(programsIn);
  const all = await Promise.all([...folders, dirname(process.execPath)].map(real));
  return all.filter(
    (path) => programs.some((each) => isWithin(path, each)) || !hidden.some((each) => meets(path, each)),
  );
};
