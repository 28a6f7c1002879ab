/** Has a judge look at broken homes one after the other, ends it when it hangs, and looks itself at what was done to the folders. */
import { type ChildProcess, fork } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiskMutantName } from '../../test/support/mutants/disk.ts';
import { stateHome } from '../../test/support/state.ts';
import { exhaustive } from '../figures.ts';
import { asideIn, heldUpIn, misplacedIn, withoutReason } from './aftermath.ts';
import type { Case, Judged } from './judge.ts';
import { filesHolding, fingerprint, layOut, type Owner } from './lay-out.ts';
import { MARKER } from './planting.ts';
import type { Stage } from './stage.ts';

/** More than any look takes; a busy machine that only runs a sample says nothing of speed. */
const HANGS_AFTER_MS = exhaustive ? 15_000 : 45_000;
/** MB that a case may add to the most that the judge ever had. */
const MOST_GROWTH = 150;
/** nobody: root may read everything, and a judge that may would prove nothing of what may not be read. */
const SOMEBODY: Owner = { uid: 65_534, gid: 65_534 };
/** In memory where that is possible: thousands of homes are made. */
const ROOT = fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export type Spoil = (home: string, outside: string) => void | Promise<void>;

export interface Allowance {
  /** A fault of koubou's own. */
  mutant?: DiskMutantName | null;
  /** A task that went with what was broken. */
  lost?: string | null;
  /** The others may wait where the worker says what hinders it. */
  mayWait?: boolean;
  hangsAfterMs?: number;
  /** A last look at the home, whose answers are problems too. */
  inspect?: (home: string) => string[];
}

export interface Verdict {
  /** Nothing: all is as promised. */
  problems: string[];
  /** Names in quarantine that were not there before. */
  aside: string[];
  /** What a person was told. */
  clear: string[];
}

export class Watch {
  readonly owner: Owner | null;
  readonly #stage: Stage;
  #child: ChildProcess | undefined;

  private constructor(stage: Stage, owner: Owner | null) {
    this.#stage = stage;
    this.owner = owner;
  }

  /** The judge is somebody else than root, where he can read the program. */
  static async make(stage: Stage): Promise<Watch> {
    const watch = new Watch(stage, process.getuid?.() === 0 ? SOMEBODY : null);
    const { problems } = await watch.judge(() => undefined);
    if (watch.owner === null || !problems.includes(DIED)) return watch;
    await watch.close();
    return new Watch(stage, null);
  }

  /** Lays the stage out, lets `spoil` break it, and judges what koubou makes of it. */
  async judge(spoil: Spoil, allowance: Allowance = {}): Promise<Verdict> {
    const root = fs.mkdtempSync(join(ROOT, 'koubou-files-'));
    const [home, outside] = [join(root, 'home'), join(root, 'beside')];
    try {
      fs.chmodSync(root, 0o755);
      layOut(this.#stage.entries, home, this.owner);
      fs.mkdirSync(outside, { mode: 0o755 });
      await spoil(home, outside);
      const before = { outside: fingerprint(outside), aside: asideIn(home) };
      const request = { home, mutant: allowance.mutant ?? null };
      const judged = await this.#ask(request, allowance.hangsAfterMs ?? HANGS_AFTER_MS);
      const aside = asideIn(home).filter((name) => !before.aside.includes(name));
      const problems = [
        ...judged.problems,
        ...touched(before.outside, fingerprint(outside)),
        ...filesHolding(home, MARKER).map((path) => `${path} holds what lies outside`),
        ...(judged.said.some((text) => text.includes(MARKER)) ? ['what lies outside was shown'] : []),
        ...(judged.grown > MOST_GROWTH ? [`the memory grew by ${judged.grown} MB`] : []),
        ...withoutReason(home, aside),
        ...(judged.problems.includes(HUNG) ? [] : this.#tasks(home, aside, judged, allowance)),
        ...(allowance.inspect?.(home) ?? []),
      ];
      return { problems, aside, clear: judged.clear };
    } finally {
      fs.rmSync(root, { recursive: true, force: true });
    }
  }

  #tasks(
    home: string,
    aside: readonly string[],
    judged: Judged,
    { lost = null, mayWait }: Allowance,
  ): string[] {
    const waits = mayWait === true && judged.clear.some((words) => words.includes('cannot be taken'));
    return [
      ...misplacedIn(home, this.#stage, aside, lost),
      ...(judged.opened && !waits ? heldUpIn(home, this.#stage) : []),
    ];
  }

  async #ask(request: Case, hangsAfterMs: number): Promise<Judged> {
    this.#child ??= this.#start();
    const child = this.#child;
    const { promise, resolve } = Promise.withResolvers<Judged>();
    const timer = setTimeout(() => resolve(failed(HUNG)), hangsAfterMs);
    const ended = (): void => resolve(failed(DIED));
    const answered = (judged: unknown): void => resolve(judged as Judged);
    child.once('message', answered);
    child.once('exit', ended);
    child.send(request, () => undefined);
    const judged = await promise;
    clearTimeout(timer);
    child.off('message', answered);
    child.off('exit', ended);
    if (judged.problems.includes(HUNG) || !child.connected) await this.close();
    return judged;
  }

  #start(): ChildProcess {
    const folder = fs.mkdtempSync(join(ROOT, 'koubou-judge-'));
    if (this.owner !== null) fs.chownSync(folder, this.owner.uid, this.owner.gid);
    const child = fork(new URL('judge.ts', import.meta.url), {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        XDG_STATE_HOME: stateHome,
        TMPDIR: folder,
        NODE_DISABLE_COMPILE_CACHE: '1',
      },
      execArgv: ['--max-old-space-size=1024'],
      ...this.owner,
    });
    child.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
    return child;
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}

export const HUNG = 'it hung';
const DIED = 'the judge died';

const failed = (why: string): Judged => ({ opened: true, problems: [why], clear: [], said: [], grown: 0 });

const touched = (before: readonly string[], after: readonly string[]): string[] =>
  [...after.filter((each) => !before.includes(each)), ...before.filter((each) => !after.includes(each))].map(
    (line) => `outside was touched: ${line}`,
  );
