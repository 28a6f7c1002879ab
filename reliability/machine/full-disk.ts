/** A disk without room, or without inodes, under a daemon that works. */
import {
  closeSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorInfo } from '../../src/errors.ts';
import type { TaskRecord } from '../../src/task/record.ts';
import { census } from '../../test/support/census/census.ts';
import { Daemons } from '../../test/support/koubou/daemon.ts';
import { type FileSystem, Mounted } from '../../test/support/mounts.ts';
import { until } from '../../test/support/until.ts';
import { FakeRunner, failure, Rig } from '../../test/support/worker/rig.ts';

export type Lack = 'room' | 'inodes';

export interface FullDisk {
  kind: FileSystem;
  lack: Lack;
  /** Another build than that of this source. */
  program?: string;
}

const SIZES: Readonly<Record<FileSystem, number>> = { tmpfs: 48, ext4: 64, xfs: 300 };
const INODES: Readonly<Record<FileSystem, number>> = { tmpfs: 1500, ext4: 1500, xfs: 1 };
const SILENT = 3;

export interface AfterFullDisk {
  refused: { code: number | null; error: string }[];
  /** What `koubou status` says of the daemon while the disk is full. */
  notes: string[];
  /** Tasks that ran when the disk got full, as they ended before there was room again. */
  silent: TaskRecord[];
  printing: TaskRecord;
  /** Tasks that were begun on the full disk. */
  begun: number;
  /** The others, and the one that had printed after a `koubou retry`, when there was room again. */
  later: TaskRecord[];
  /** How `koubou work --drain` ended that was started on the full disk. */
  drained: number | null;
  faults: string[];
}

/** Throws where something does not come within its time, as the end of a task that ran. */
export const fillDisk = async ({ kind, lack, program }: FullDisk): Promise<AfterFullDisk> => {
  const options = lack === 'inodes' ? { inodes: INODES[kind] } : {};
  const disk = Mounted.make(kind, { megabytes: SIZES[kind], ...options });
  const outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
  const daemons = await Daemons.make('', disk.folder);
  const run = program === undefined ? {} : { program };
  try {
    const wait = `while ! test -e ${outside}/go; do sleep 0.05; done`;
    const silent = await Promise.all(
      Array.from({ length: SILENT }, (_, n) => daemons.shell(`echo > ${outside}/began-${n}; ${wait}`)),
    );
    const printing = await daemons.shell(`echo > ${outside}/began-p; ${wait}; echo done || exit 1`);
    await daemons.start(['--workers', String(SILENT + 1)], run);
    await until(() => readdirSync(outside).length === SILENT + 1, 'the start of the tasks');
    const others = await Promise.all([1, 2, 3, 4].map((n) => daemons.shell(`echo other ${n}`)));
    await until(() => readdirSync(daemons.home.path('reserve')).length === 64, 'the reserve');
    const fill = join(disk.folder, 'fill');
    mkdirSync(fill);
    (lack === 'room' ? fillRoom : fillInodes)(fill);

    const refused = await Promise.all(
      [['hello'], ['--key', 'k', 'hello']].map(async (words) => {
        const { code, stdout, stderr } = await daemons.koubou(['delegate', '--json', ...words], run);
        return { code, error: stdout + stderr };
      }),
    );
    const drain = await daemons.start(['--drain'], run);
    writeFileSync(join(outside, 'go'), '');
    const ended = await Promise.all([...silent, printing].map((id) => daemons.ended(id)));
    const notes = await until(async () => {
      const all = (await daemons.queue.workers()).flatMap((worker) => worker.notes);
      return all.length > 0 && all;
    }, 'a note about the disk');
    const states = await Promise.all(others.map((id) => daemons.queue.state(id)));
    rmSync(fill, { recursive: true });
    await daemons.koubou(['retry', printing], run);
    const drained = await drain.ended;
    const later = await Promise.all([...others, printing].map((id) => daemons.ended(id)));
    const added = await daemons.koubou(
      ['delegate', '--type', 'command', '--wait', '--', 'echo', 'again'],
      run,
    );
    const holders = (await daemons.queue.workers()).map((worker) => worker.worker_id);
    const acknowledged = [...silent, printing, ...others];
    const { faults } = census(daemons.home.home, { holders, acknowledged, retried: [printing] });
    if (added.stdout !== 'again\n') faults.push(`nothing can be added afterwards: ${added.stderr}`);
    return {
      refused,
      notes,
      silent: ended.slice(0, SILENT),
      printing: ended[SILENT] as TaskRecord,
      begun: states.filter((state) => state !== 'pending').length,
      later,
      drained: drained.code,
      faults,
    };
  } finally {
    await daemons.remove();
    disk.remove();
    rmSync(outside, { recursive: true, force: true });
  }
};

export interface HandedBackLate {
  /** The last try's answer as it lay in its place while the worker waited for room. */
  answer: string;
  record: TaskRecord;
}

/** A task whose last try is found wanting when there is no room for what is handed back. */
export const handBackOnFull = async (): Promise<HandedBackLate> => {
  const disk = Mounted.make('tmpfs', { megabytes: 48 });
  const rig = await Rig.make(disk.folder);
  const fill = join(disk.folder, 'fill');
  try {
    const runner = new FakeRunner(async (_, { outputPath }) => {
      await writeFile(outputPath, 'a poor answer');
      mkdirSync(fill);
      fillRoom(fill);
      return failure(errorInfo('check_failed', 'It is poor.'));
    });
    const step = { runner: runner.name, staysLocal: true, changesFiles: false };
    rig.start(runner, {
      routing: { default: { general: runner.name }, escalation: { steps: [step], handBack: true } },
    });
    await until(() => readdirSync(rig.home.path('reserve')).length === 64, 'the reserve');
    // Longer than the whole reserve, which heartbeats free: what is handed back holds it.
    const id = await rig.add({ prompt: 'say hello '.repeat(200_000) });
    await until(
      async () => (await rig.queue.workers())[0]?.notes.some((note) => /outcomes wait in memory/.test(note)),
      'a note of a worker that waits',
    );
    // Once a second it is out of its place, while the worker tries again.
    const answer = await until(() => readAny(rig.home.path('results'), 'run-1.output'), 'the answer');
    rmSync(fill, { recursive: true });
    return { answer, record: await rig.ended(id) };
  } finally {
    await rig.remove();
    disk.remove();
  }
};

/** undefined: it does not lie there now. */
const readAny = (folder: string, name: string): string | undefined => {
  try {
    const [path] = globSync(join(folder, '**', name));
    return path === undefined ? undefined : readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const untilFull = (action: () => void): void => {
  for (;;) {
    try {
      action();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
      throw error;
    }
  }
};

const fillRoom = (folder: string): void => {
  const file = openSync(join(folder, 'file'), 'w');
  for (const bytes of [1024 * 1024, 4096, 512]) untilFull(() => writeSync(file, Buffer.alloc(bytes, 'x')));
  closeSync(file);
};

const fillInodes = (folder: string): void => {
  let count = 0;
  untilFull(() => {
    count += 1;
    closeSync(openSync(join(folder, `file-${count}`), 'w'));
  });
};
