// A folder with a home in it, as somebody has who works with koubou, and commands typed there.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ErrorCode } from '../../../src/errors.ts';
import { FileQueue } from '../../../src/queue/files/file-queue.ts';
import { createFileHome } from '../../../src/queue/files/layout/create-home.ts';
import type { Seal } from '../../../src/queue/files/layout/seal.ts';
import type { Claim } from '../../../src/queue/queue.ts';
import type { TaskRecord } from '../../../src/task/record.ts';
import { failedWith, noRetries, succeeded, takeAll, worker } from '../builders.ts';
import { sign } from '../state.ts';
import { until } from '../until.ts';
import { koubou, type RunOptions } from './koubou.ts';

/** Programs run; of models there is one whose server never answers: nothing listens on port 1. */
const CONFIG = `
endpoints: { nowhere: { kind: ollama, url: 'http://127.0.0.1:1' } }
runners:
  ollama: { kind: ollama, endpoint: nowhere, model: tiny }
  command: { kind: command }
routing: { default: { general: ollama, code: ollama, command: command } }
`;

export class Project {
  readonly folder: string;
  readonly home: string;
  readonly queue: FileQueue;

  private constructor(folder: string, seal: Seal) {
    this.folder = folder;
    this.home = join(folder, '.koubou');
    this.queue = new FileQueue({ home: this.home, seal });
  }

  static async make(): Promise<Project> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-project-')));
    await createFileHome(join(folder, '.koubou'), { allowNetworkFs: false });
    mkdirSync(join(folder, '.koubou', 'config'), { recursive: true });
    writeFileSync(join(folder, '.koubou', 'config', 'agent.yaml'), CONFIG);
    return new Project(folder, sign(join(folder, '.koubou')));
  }

  /** Ends the daemon that a wait may have started, too. */
  async remove(): Promise<void> {
    const others = async () => (await this.queue.workers()).filter(({ pid }) => pid !== process.pid);
    for (const { pid } of await others()) process.kill(pid, 'SIGKILL');
    await until(async () => (await others()).length === 0);
    rmSync(this.folder, { recursive: true, force: true });
  }

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  run(...args: string[]) {
    return koubou(args, { cwd: this.folder });
  }

  runWith(options: RunOptions, ...args: string[]) {
    return koubou(args, { cwd: this.folder, ...options });
  }

  /** Of the only task, or of those there are in the order they were added. */
  async records(): Promise<TaskRecord[]> {
    return (await this.queue.list({})).reverse();
  }

  async only(): Promise<TaskRecord> {
    const [record, ...others] = await this.records();
    if (record === undefined || others.length > 0) throw new Error(`${others.length} others, or none`);
    return record;
  }

  /** Takes the next task as a worker does, and ends it. */
  async finish(
    output: string | Uint8Array,
    how: 'success' | 'failure' = 'success',
    code: ErrorCode = 'check_failed',
  ): Promise<Claim> {
    const member = await this.queue.join(worker());
    const claim = await member.claim(takeAll);
    if (claim === undefined) throw new Error('nothing to do');
    writeFileSync(claim.scratch.outputPath, output);
    const outcome = how === 'success' ? succeeded(claim, member) : failedWith(code, claim, member);
    await member.settle(claim, outcome, noRetries);
    await member.leave();
    return claim;
  }
}
