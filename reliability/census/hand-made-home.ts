/** A home made by hand, as the promises say that one looks, without the queue's code. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const UNCHARGED = ['cancelled', 'dependency_failed', 'worker_lost', 'worker_stopped', 'runner_unavailable'];

export class HandMadeHome {
  readonly home = fs.mkdtempSync(join(tmpdir(), 'koubou-census-'));

  constructor() {
    for (const state of ['tmp', 'pending', 'delayed', 'blocked', 'in_progress', 'quarantine']) {
      this.folder(`tasks/${state}`);
    }
  }

  folder(path: string): void {
    fs.mkdirSync(join(this.home, path), { recursive: true });
  }

  write(path: string, text: string): void {
    this.folder(dirname(path));
    fs.writeFileSync(join(this.home, path), text);
  }

  /** A task's file; its id is in the name. */
  task(path: string, over: Record<string, unknown> = {}): void {
    const [id] = /task_[0-9]+_[0-9]+_[0-9]+_[0-9a-z]+/.exec(path) ?? [];
    this.write(path, JSON.stringify({ task_id: id, key: null, after: [], options: {}, ...over }));
  }

  outcome(id: string, run: number, code: string, over: Record<string, unknown> = {}): void {
    const succeeded = code === 'success';
    const outcome = {
      task_id: id,
      attempt: run,
      outcome: succeeded ? 'success' : 'error',
      charged: !succeeded && !UNCHARGED.includes(code),
      error: succeeded ? null : { code, message: `it was ${code}`, hint: '' },
      output_bytes: null,
      ...over,
    };
    const day = `${id.slice(5, 9)}-${id.slice(9, 11)}-${id.slice(11, 13)}`;
    this.write(`results/${day}/${id}/run-${run}.json`, JSON.stringify(outcome));
  }

  key(key: string, path: string): void {
    const hash = createHash('sha256').update(key).digest('hex');
    this.link(path, `keys/${hash.slice(0, 2)}/${hash}`);
  }

  link(from: string, to: string): void {
    this.folder(dirname(to));
    fs.linkSync(join(this.home, from), join(this.home, to));
  }

  move(from: string, to: string): void {
    this.folder(dirname(to));
    fs.renameSync(join(this.home, from), join(this.home, to));
  }

  copy(from: string, to: string): void {
    this.folder(dirname(to));
    fs.copyFileSync(join(this.home, from), join(this.home, to));
  }

  remove(path: string): void {
    fs.rmSync(join(this.home, path), { recursive: true });
  }

  discard(): void {
    fs.rmSync(this.home, { recursive: true, force: true });
  }
}
