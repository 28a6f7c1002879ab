/**
 * Programs in Codex's sandbox, with the profile that its own commands have: what a model wrote reads, writes and reaches
 * no more than the model did, and what it starts ends with it.
 */
import { createWriteStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, delimiter, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { openPlace } from '../../names/folder.ts';
import { removeTree } from '../../names/remove-tree.ts';
import { findOwn, type OwnProgram, requireNamed } from '../../process/programs/own-path.ts';
import type { ProgramOptions, RunningProgram } from '../../process/programs/start-program.ts';
import { stopTree } from '../../process/programs/stop-tree.ts';
import type { ExecutionPlace, Executor } from '../executor.ts';
import { Guards, watchedOver } from '../guarded/guards.ts';
import { localExecutor } from '../local.ts';
import { boxEnvironment, codexPlaces, makeBox } from './places.ts';
import { type CodexPlaces, type ConfinedSandbox, codexProfile } from './profile.ts';
import { type Strays, strayFolders, strayNote } from './stray-folders.ts';

export interface CodexExecutorOptions {
  /** Of the runner. */
  name: string;
  /** The program Codex. */
  bin: string;
  /** By which it is found, whatever the PATH of the programs. */
  path: string | undefined;
  sandbox: ConfinedSandbox;
  /** koubou's home, and what else is hidden. */
  home: string;
  hidden: readonly string[];
  secrets?: readonly string[];
  /** As of codexPlaces. */
  programs?: readonly string[];
  place: ExecutionPlace;
}

/** Its files lie here, below the run's own folder, for as long as a program runs. */
const FOLDER = 'check';

/** Throws KoubouError as codexPlaces and codexProfile where the place cannot be confined, `no_program` without Codex. */
export const codexExecutor = async (options: CodexExecutorOptions): Promise<Executor> => {
  const { sandbox, home, hidden, secrets = [], programs = [], place } = options;
  const folder = join(place.statePath, FOLDER);
  const copies = await copiesOf(place, home, join(folder, 'shown', 'copies'));
  return {
    kind: 'codex',
    mapPath: (path) => copies.find((copy) => copy.path === path)?.to ?? path,
    stop: stopTree,
    start: async (program) => {
      const note = strayNote(place.statePath);
      let strays: Strays | undefined;
      const tidy = async (): Promise<void> => {
        await strays?.remove();
        await Promise.all([folder, note].map((path) => removeTree(path)));
      };
      await removeTree(folder);
      try {
        const sought = { path: options.path, inside: [program.cwd] };
        const codex = await requireNamed(options.bin, sought, `runners.${options.name}.bin`);
        const box = await makeBox(folder);
        const places = await codexPlaces({
          cwd: program.cwd,
          home,
          hidden,
          secrets,
          programs,
          sandbox,
          box,
          bin: codex.program,
          path: bothPaths(options.path, program.environment['PATH']),
        });
        strays = await strayFolders(writableOf(places), note);
        for (const { real, to } of copies) await copyPlace(real, to);
        const environment = await boxEnvironment(box, { bin: codex.program, path: codex.path });
        const watching = watchingExecutor(places.watched);
        const running = await watching.start(await confined(program, codex, sandbox, places, environment));
        return { ...running, ended: endedAfter(running, tidy) };
      } catch (error) {
        await tidy();
        throw error;
      }
    },
  };
};

/** Codex itself runs with the rights of the user; its commands do not, as long as nothing that they are kept from is replaced. */
export const watchingExecutor = (watched: readonly string[]): Executor => ({
  ...localExecutor,
  start: async (options) => {
    const guards = new Guards(watched);
    const program = await localExecutor.start(options).catch((error: unknown) => {
      guards.close();
      throw error;
    });
    const tree = { ...program, marker: options.lease?.marker ?? null, graceMs: 0 };
    let stopping: Promise<unknown> | undefined;
    // Once: who looks while it is at work sees fewer of them than it ends, and they could write again to what is put back.
    const stopped = (): Promise<unknown> => {
      stopping ??= stopTree(tree).catch(() => undefined);
      return stopping;
    };
    const ended = program.ended.then(async (end) => {
      await stopped();
      return end;
    });
    return watchedOver({ ...program, ended }, guards, () => void stopped());
  },
});

/** koubou's own programs are found on the first, and what lies on either stays as it is. */
const bothPaths = (...paths: (string | undefined)[]): string =>
  paths.filter((path) => path !== undefined).join(delimiter);

/** A killed sandbox holds its mounts (EBUSY) until the last of its processes is gone. */
const TRIES = 20;
const BETWEEN_TRIES_MS = 50;

/** Nothing of the run is left when it is said to have ended; what cannot be removed then goes with the run's folder. */
const endedAfter = async ({ ended }: RunningProgram, tidy: () => Promise<void>): RunningProgram['ended'] => {
  const end = await ended;
  for (let left = TRIES; left > 0; left -= 1) {
    const isDone = await tidy().then(
      () => true,
      () => false,
    );
    if (isDone) break;
    await delay(BETWEEN_TRIES_MS);
  }
  return end;
};

/** The program has its own PATH in there, and Codex, which starts others outside, has koubou's. */
const WITH_PATH = 'PATH=$1; export PATH; shift; exec "$@"';

const confined = async (
  program: ProgramOptions,
  codex: OwnProgram,
  sandbox: ConfinedSandbox,
  places: CodexPlaces,
  environment: Readonly<Record<string, string>>,
): Promise<ProgramOptions> => {
  const path = program.environment['PATH'];
  const sh = await findOwn('sh', { path: codex.path, inside: [] });
  const before =
    path === undefined || path === codex.path ? [] : [sh?.program ?? '/bin/sh', '-c', WITH_PATH, 'sh', path];
  return {
    ...program,
    command: codex.program,
    args: [
      'sandbox',
      ...codexProfile(sandbox, places).flatMap((pair) => ['-c', pair]),
      '--',
      ...before,
      program.command,
      ...program.args,
    ],
    cwd: places.cwd,
    environment: { ...program.environment, ...environment },
  };
};

/** The folders in which Codex may leave something. */
export const writableOf = ({ cwd, worktree, between }: CodexPlaces): string[] => [
  ...new Set([cwd, worktree ?? cwd, ...between]),
];

interface Copy {
  path: string;
  real: string;
  to: string;
}

/** Of the files that have to be read, those in the home: a file below a hidden folder cannot be shown. The work itself is seen. */
const copiesOf = async ({ own, attached }: ExecutionPlace, home: string, folder: string): Promise<Copy[]> => {
  const realHome = await realpath(home);
  const results = own.map(async (path) => ({ path, real: await realpath(path).catch(() => path) }));
  const files = [...(await Promise.all(results)), ...attached.map((path) => ({ path, real: path }))];
  return files
    .filter(({ real }) => isBelow(real, realHome) && !isBelow(real, join(realHome, 'worktrees')))
    .map(({ path, real }, nth) => ({ path, real, to: join(folder, `${nth + 1}-${basename(path)}`) }));
};

/** Follows no link: nothing is copied but what was judged. */
const copyPlace = async (real: string, to: string): Promise<void> => {
  const file = await openPlace(real);
  await pipeline(file.createReadStream(), createWriteStream(to, { flags: 'wx', mode: 0o600 }));
};

const isBelow = (path: string, folder: string): boolean => {
  const between = relative(folder, path);
  return between !== '' && between !== '..' && !between.startsWith('../');
};
