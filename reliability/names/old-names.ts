/** Tasks that ended, whose files a file system then shows under names that they had before as well. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { census } from '../../test/support/census/census.ts';
import { Stage } from '../commands/stage.ts';

/** Where the old names lie. */
export type Where = 'waiting' | 'in the hands of a worker' | 'being made';

export interface Shown {
  /** How many names. */
  shown: number;
  faults: string[];
}

/** A pid that no process has. */
const NOBODY = 2 ** 22 + 1;

/** `program`: the build that finds them. */
export const showOldNames = async (
  built: string,
  places: readonly Where[],
  program: string,
): Promise<Shown> => {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'koubou-names-')));
  try {
    const before = new Stage(root, built, root);
    for (const name of ['project', 'state', 'user']) fs.mkdirSync(join(root, name));
    await before.must('init');
    const ran = join(root, 'ran');
    const add = (words: readonly string[], script: string): Promise<string> =>
      before.add('--type', 'command', '--retries', '0', ...words, '--', 'sh', '-c', script);
    const run = `echo "\${KOUBOU_RUN#*/}" >> ${ran}`;
    const ids = [
      await add([], run),
      await add(['--key', 'k'], run),
      await add(['--priority', '9'], run),
      await add([], `${run}; exit 1`),
    ];
    const waiting = filesIn(join(before.home, 'tasks', 'pending'));
    const said = await before.must('work', '--drain');
    const worker = /worker (\S+) is ready/.exec(said)?.[1] ?? '';
    const shown = show(before.home, waiting, worker, places);
    const after = new Stage(root, program, root);
    const faults: string[] = [];
    for (const args of [['status'], ['work', '--drain'], ['wait', ...ids, '--timeout', '10s']]) {
      const { code, stdout, stderr } = await after.koubou(...args);
      const expected = args[0] === 'wait' ? 1 : 0;
      if (code !== expected) faults.push(`koubou ${args[0]} ends with ${code}: ${stdout}${stderr}`);
    }
    const runs = fs.readFileSync(ran, 'utf8').trim().split('\n');
    for (const id of ids) {
      const count = runs.filter((each) => each.startsWith(id)).length;
      if (count !== 1) faults.push(`${id} was run ${count} times`);
    }
    const aside = fs.readdirSync(join(after.home, 'tasks', 'quarantine'));
    faults.push(...aside.map((name) => `${name} lies in quarantine`));
    faults.push(...census(after.home, { acknowledged: ids }).faults);
    return { shown, faults };
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
};

/** Names by what they are names of. */
const filesIn = (folder: string): Map<number, string> => {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Map(files.map((path) => [fs.lstatSync(path).ino, path]));
};

const show = (
  home: string,
  waiting: ReadonlyMap<number, string>,
  worker: string,
  places: readonly Where[],
): number => {
  const tasks = join(home, 'tasks');
  const ended = new Map(['completed', 'failed'].flatMap((state) => [...filesIn(join(tasks, state))]));
  let shown = 0;
  for (const [inode, old] of waiting) {
    const now = ended.get(inode);
    if (now === undefined) throw new Error(`${old} did not end, or is another file now`);
    const name = old.slice(old.lastIndexOf('/') + 1);
    const names: Record<Where, string> = {
      waiting: old,
      'in the hands of a worker': join(tasks, 'in_progress', worker, name.replace('.r0.', '.r1.')),
      'being made': join(tasks, 'tmp', madeBy(shown)),
    };
    for (const place of places) {
      fs.mkdirSync(join(names[place], '..'), { recursive: true, mode: 0o700 });
      fs.linkSync(now, names[place]);
      shown += 1;
    }
  }
  return shown;
};

/** As a process of this boot names what it makes that is gone by now. */
const madeBy = (nth: number): string => {
  const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  const namespace = BigInt(/\d+/.exec(fs.readlinkSync('/proc/self/ns/pid'))?.[0] ?? 0);
  return `${boot}-${NOBODY}-1-${namespace.toString(16).padStart(8, '0')}${String(nth).padStart(12, '0')}.json`;
};
