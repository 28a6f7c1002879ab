/** More files than the kernel keeps events for, moved into pending/ while the daemon's event loop stands still. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { newTask } from '../../test/support/builders.ts';
import { makeHome } from '../../test/support/queue/home.ts';
import { sealOf } from '../../test/support/state.ts';

export interface AfterOverflow {
  moved: number;
  /** Files that the kernel told of. */
  told: number;
  /** Tasks that the queue gave its worker a choice of. */
  seen: number;
  trouble: string | null;
}

export const overflow = async (count: number): Promise<AfterOverflow> => {
  const home = await makeHome();
  const watcher = spawn(
    process.execPath,
    [fileURLToPath(import.meta.resolve('./overflow-watcher.ts')), home.home, `${count}`],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  try {
    const lines = createInterface({ input: watcher.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => String((await lines.next()).value ?? '');
    const tasks = prepare(home.home, count);
    if ((await next()) !== 'watching') throw new Error('it does not watch');
    watcher.stdin.write('block\n');
    if ((await next()) !== 'blocked') throw new Error('it does not stand still');
    for (const { from, to } of tasks) renameSync(from, to);
    writeFileSync(join(home.home, 'go'), '');
    const { told, seen, trouble } = JSON.parse(await next()) as Omit<AfterOverflow, 'moved'>;
    watcher.stdin.end();
    await once(watcher, 'close');
    return { moved: count, told, seen, trouble };
  } finally {
    watcher.kill('SIGKILL');
    home.remove();
  }
};

/** Whole task files beside the home's own folders, under the names that they get. */
const prepare = (home: string, count: number): { id: string; from: string; to: string }[] => {
  const folder = join(home, 'logs', 'made');
  mkdirSync(folder);
  const seal = sealOf(home);
  return Array.from({ length: count }, (_, n) => {
    const number = String(n).padStart(6, '0');
    const id = `task_20260101_000000_${number}_aaaa`;
    const name = `05-${id}.r0.b0.json`;
    const from = join(folder, name);
    const task = { ...newTask(), version: 1, task_id: id, created_at: '2026-01-01T00:00:00.000Z' };
    writeFileSync(from, seal.seal(JSON.stringify(task)));
    return { id, from, to: join(home, 'tasks', 'pending', name) };
  });
};
