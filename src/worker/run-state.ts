/**
 * The folder of a run's own files (settings and sessions of an agent CLI, its CODEX_HOME). While the run goes on it lies
 * apart from the home: what stands in it is followed outside of every sandbox. After that it is kept with the task.
 */
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KoubouError, systemCode } from '../errors.ts';
import { removeNoted, strayNote } from '../executor/stray-folders.ts';
import { appendOwn, moveOwn } from '../names/own-file.ts';
import { type ApartPlace, apartFolder, isLeft } from '../process/apart.ts';
import { selfIdentity } from '../process/liveness.ts';
import { makerName, parseMaker } from '../process/maker.ts';
import { removeTree } from '../process/remove-tree.ts';
import type { Claim } from '../queue/queue.ts';

/** Behind the id of a task; `run-R.state` of its runs lie in there. */
const RUNS = '.runs';
/** In there: the process whose run it is. */
const HOLDER = 'holder';

type Kept = Pick<Claim, 'id' | 'statePath' | 'logPath'>;

export class RunState {
  /** Absolute; it is not there until a runner makes it. */
  readonly path: string;
  readonly #claim: Kept;
  readonly #holder: string;

  private constructor(path: string, claim: Kept, holder: string) {
    this.path = path;
    this.#claim = claim;
    this.#holder = holder;
  }

  static async make(place: ApartPlace, claim: Kept): Promise<RunState> {
    const apart = await apartFolder(place);
    const own = `${claim.id}${RUNS}`;
    await removeAbandoned(apart, own);
    const folder = join(apart, own);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const holder = makerName(selfIdentity(), '0');
    await writeFile(join(folder, HOLDER), holder, { mode: 0o600 });
    return new RunState(join(folder, basename(claim.statePath)), claim, holder);
  }

  /** Also that of earlier runs whose worker was killed. A result is none the worse where it cannot be kept. */
  async keep(): Promise<void> {
    const folder = dirname(this.path);
    const { statePath, logPath } = this.#claim;
    for (const name of (await readdir(folder)).filter((each) => isUpTo(each, basename(statePath)))) {
      const path = join(folder, name);
      try {
        await moveOwn(path, join(dirname(statePath), name));
      } catch (error) {
        if (!(error instanceof KoubouError) && systemCode(error) === undefined) throw error;
        const why = error instanceof Error ? error.message : String(error);
        await appendOwn(logPath, `koubou: ${name} was not kept: ${why}\n`).catch(() => undefined);
        await removeTree(path);
      }
    }
    if ((await holderOf(folder)) !== this.#holder) return;
    await rm(join(folder, HOLDER), { force: true });
    await rmdir(folder).catch(() => undefined);
  }
}

const numberOf = (name: string): number => Number(/^run-(\d+)\.state$/.exec(name)?.[1] ?? Number.NaN);

const isUpTo = (name: string, last: string): boolean => numberOf(name) <= numberOf(last);

const holderOf = (folder: string): Promise<string> => readFile(join(folder, HOLDER), 'utf8').catch(() => '');

/** Of tasks that nobody went on with after their worker was killed. What is being begun has no holder yet. */
const removeAbandoned = async (apart: string, own: string): Promise<void> => {
  for (const name of await readdir(apart)) {
    if (!name.endsWith(RUNS) || name === own) continue;
    const folder = join(apart, name);
    const maker = parseMaker(await holderOf(folder));
    if (maker === undefined || !(await isLeft(folder, maker))) continue;
    try {
      for (const run of await readdir(folder)) await removeNoted(strayNote(join(folder, run)));
      await removeTree(folder);
    } catch (error) {
      // Another's leavings are no reason to begin nothing; who comes next tries again.
      if (systemCode(error) === undefined) throw error;
    }
  }
};
