/**
 * The folder of a run's own files (settings and sessions of an agent CLI, its CODEX_HOME). While the run goes on it lies
 * apart from the home: what stands in it is followed outside of every sandbox. After that it is kept with the task.
 */
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KoubouError, systemCode } from '../../errors.ts';
import { isNote, removeNoted } from '../../executor/codex/stray-folders.ts';
import { appendOwn, moveOwn } from '../../names/own-file.ts';
import { removeTree } from '../../names/remove-tree.ts';
import { ownMakerName } from '../../process/half-made.ts';
import { type ApartPlace, apartFolder, isLeft } from '../../process/homes/apart.ts';
import { parseMaker } from '../../process/maker.ts';
import type { Claim } from '../../queue/queue.ts';

/**
 * `ID.MAKER.runs`: each attempt has a folder of its own, so that nobody who clears up after a killed worker takes away what
 * the next one has begun. In it lies `R.state`, and that of each earlier run whose worker was killed.
 */
const FOLDER = /^(task_[0-9a-z_]+)\.(.+)\.runs$/;

type Kept = Pick<Claim, 'id' | 'run' | 'scratch' | 'scratchOf'>;

export class RunState {
  /** Absolute; it is not there until a runner makes it. */
  readonly path: string;
  readonly #claim: Kept;

  private constructor(path: string, claim: Kept) {
    this.path = path;
    this.#claim = claim;
  }

  static async make(place: ApartPlace, claim: Kept): Promise<RunState> {
    const apart = await apartFolder(place);
    const folder = join(apart, `${claim.id}.${ownMakerName()}.runs`);
    await mkdir(folder, { mode: 0o700 });
    await clearAbandoned(apart, claim.id, folder);
    return new RunState(join(folder, `${claim.run}.state`), claim);
  }

  /** Also that of earlier runs whose worker was killed. A result is none the worse where it cannot be kept. */
  async keep(): Promise<void> {
    const folder = dirname(this.path);
    const { run, scratch, scratchOf } = this.#claim;
    for (const name of await readdir(folder).catch(() => [])) {
      const number = numberOf(name);
      if (Number.isNaN(number) || number > run) continue;
      const path = join(folder, name);
      try {
        await moveOwn(path, scratchOf(number).statePath);
      } catch (error) {
        if (!(error instanceof KoubouError) && systemCode(error) === undefined) throw error;
        const why = error instanceof Error ? error.message : String(error);
        await appendOwn(scratch.logPath, `koubou: ${name} was not kept: ${why}\n`).catch(() => undefined);
        await removeTree(path);
      }
    }
    for (const name of await readdir(folder).catch(() => [])) {
      if (isNote(name)) await rm(join(folder, name), { force: true });
    }
    await rmdir(folder).catch(() => undefined);
  }
}

/** Older versions wrote `run-` before it. */
const numberOf = (name: string): number => Number(/^(?:run-)?(\d+)\.state$/.exec(name)?.[1] ?? Number.NaN);

/** What killed workers left: of this task it is kept in `own`, of others it is removed. */
const clearAbandoned = async (apart: string, id: string, own: string): Promise<void> => {
  for (const name of await readdir(apart)) {
    const [, task, by = ''] = FOLDER.exec(name) ?? [];
    const maker = parseMaker(by);
    const folder = join(apart, name);
    if (maker === undefined || !(await isLeft(folder, maker))) continue;
    try {
      for (const run of await readdir(folder)) {
        const path = join(folder, run);
        if (isNote(path)) await removeNoted(path);
        if (task === id) await rename(path, join(own, run));
      }
      await removeTree(folder);
    } catch (error) {
      // Another's leavings are no reason to begin nothing; who comes next tries again.
      if (systemCode(error) === undefined) throw error;
    }
  }
};
