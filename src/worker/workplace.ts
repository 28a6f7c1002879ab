/** Where an attempt works, and what it changed there. */
import { join } from 'node:path';
import { KoubouError, systemCode, toErrorInfo } from '../errors.ts';
import type { Claim } from '../queue/queue.ts';
import type { Runner } from '../runner/runner.ts';
import { Evidence } from '../verify/evidence.ts';
import type { Changes } from '../verify/verify.ts';
import type { WorkerSettings } from './settings.ts';

export const worktreesFolder = (home: string): string => join(home, 'worktrees');

export class Workplace {
  /** Absolute. */
  readonly cwd: string;
  readonly #evidence: Evidence | null;

  private constructor(cwd: string, evidence: Evidence | null) {
    this.cwd = cwd;
    this.#evidence = evidence;
  }

  /** Throws `usage` where the task asks for what the runner cannot do, or its folder is not there. */
  static async prepare(
    claim: Claim,
    runner: Pick<Runner, 'name' | 'changesFiles'>,
    settings: Pick<WorkerSettings, 'home' | 'environment'>,
  ): Promise<Workplace> {
    const { type, cwd, options } = claim.task;
    if (!runner.changesFiles) refuseWhatText(runner.name, options);
    if (type !== 'code' || !runner.changesFiles) return new Workplace(cwd, null);
    const evidence = await Evidence.begin({
      folder: cwd,
      home: settings.home,
      worktrees: worktreesFolder(settings.home),
      excluded: [],
      environment: settings.environment,
      patchPath: claim.patchPath,
      keepObjects: false,
    });
    return new Workplace(cwd, evidence);
  }

  /** What changed since the attempt began; null for a runner or a task of which no change is expected. */
  async changes(): Promise<Changes | null> {
    if (this.#evidence === null) return null;
    try {
      return await this.#evidence.changes();
    } catch (error) {
      if (!(error instanceof KoubouError) && systemCode(error) === undefined) throw error;
      return { names: [], bounded: false, trouble: toErrorInfo(error).message };
    }
  }

  async close(): Promise<void> {
    await this.#evidence?.close();
  }
}

const refuseWhatText = (runner: string, { expect, output }: Claim['task']['options']): void => {
  if (expect === undefined || output !== undefined) return;
  throw new KoubouError(
    'usage',
    `--expect names files, and the runner ${runner} gives text but writes none.`,
    { hint: 'Say with --output FILE where the text goes, or name a runner that writes files.' },
  );
};
