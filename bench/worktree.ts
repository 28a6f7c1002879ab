/** What it costs that the work of a code task is on the device when the task has ended. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { put, Repository } from '../test/support/git/repository.ts';
import { ms, quantile, type Row } from './measure.ts';

const TASKS = 20;
/** Of what else runs on the machine a median would say more than of the syncs. */
const FASTEST = 0.1;

export const worktree = async (): Promise<Row[]> => [
  await syncsOf('what git has of a worktree task', true),
  await syncsOf('a code task in the folder itself', false),
];

const syncsOf = async (what: string, isWorktree: boolean): Promise<Row> => {
  const outside = mkdtempSync(join(tmpdir(), 'koubou-bench-'));
  const repository = await Repository.make();
  try {
    const took = { synced: [] as number[], unsynced: [] as number[] };
    const paths = { synced: gitThat(outside, 'synced', 1), unsynced: gitThat(outside, 'unsynced', 0) };
    for (let nth = 0; nth < TASKS; nth += 1) {
      for (const how of ['synced', 'unsynced'] as const) {
        const restore = how === 'unsynced' ? await withoutSync() : () => undefined;
        const start = performance.now();
        await repository.done(
          put(`${how}-${nth}.txt`, `${nth}\n`),
          { options: { worktree: isWorktree } },
          { environment: { PATH: paths[how] } },
        );
        took[how].push(performance.now() - start);
        restore();
      }
    }
    const [synced, unsynced] = [took.synced, took.unsynced].map((each) => quantile(each, FASTEST)) as [
      number,
      number,
    ];
    const added = synced - unsynced;
    return {
      what: `syncs of ${what}, added`,
      figure: `${added < 0 ? '' : '+'}${ms(added)} (${ms(synced)})`,
      target: '<= 50 ms',
    };
  } finally {
    rmSync(outside, { recursive: true });
    await repository.remove();
  }
};

/** A PATH with a git that syncs as it is told, or never. */
const gitThat = (outside: string, name: string, syncs: 0 | 1): string => {
  const bin = join(outside, name);
  mkdirSync(bin);
  const program = `#!/bin/sh\nPATH="\${PATH#*:}" GIT_TEST_FSYNC=${syncs} exec git "$@"\n`;
  writeFileSync(join(bin, 'git'), program, { mode: 0o755 });
  return [bin, process.env['PATH']].join(delimiter);
};

/** The queue has a sync of its own, so this is of src/process/sync.ts. Ends it. */
const withoutSync = async (): Promise<() => void> => {
  const probe = await open('/dev/null');
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const before = Object.getOwnPropertyDescriptor(handles, 'sync') as PropertyDescriptor;
  handles.sync = () => Promise.resolve();
  return () => Object.defineProperty(handles, 'sync', before);
};
