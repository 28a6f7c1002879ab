/** How late a wait comes back: from the moment in which the task lies where it ended to the line of the command. */
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { census } from '../../test/support/census/census.ts';
import { type Ended, startKoubou } from '../../test/support/koubou/koubou.ts';

const SLOW = join(import.meta.dirname, 'slow-start.mjs');

/** Who does the task. */
export type Who = 'a worker that is there' | 'a worker that it starts' | 'a worker that takes 3 s to start';

export interface Late {
  /** Milliseconds, of each wait. */
  late: number[];
  faults: string[];
}

export const howLate = async (
  command: 'wait' | 'delegate --wait',
  who: Who,
  times: number,
  program: string,
): Promise<Late> => {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'koubou-wait-')));
  const home = join(root, '.koubou');
  const environment = {
    HOME: root,
    ...(who.includes('3 s') ? { NODE_OPTIONS: `--import=${SLOW}` } : {}),
  };
  const type = (...args: string[]) => startKoubou(args, { cwd: root, environment, program });
  const must = async (...args: string[]): Promise<Ended> => {
    const end = await (await type(...args)).ended;
    if (end.code !== 0) throw new Error(`koubou ${args[0]}: ${end.code} ${end.stdout}${end.stderr}`);
    return end;
  };
  const ids: string[] = [];
  const late: number[] = [];
  try {
    await must('init');
    for (let time = 0; time < times; time += 1) {
      const task = ['delegate', '--type', 'command', '--', 'sh', '-c', 'sleep 0.3; echo done'];
      const added = command === 'wait' ? await must(...task) : undefined;
      if (who === 'a worker that is there') await must('work', '--detach');
      const words =
        added === undefined ? task.toSpliced(1, 0, '--wait') : ['wait', ...added.stdout.trim().split('\n')];
      const { child, ended } = await type(...words);
      await once(child.stdout ?? child, 'data');
      const toldAtMs = Date.now();
      const { code, stdout, stderr } = await ended;
      const [found] = endedIn(home).filter(({ id }) => !ids.includes(id));
      if (code !== 0 || found === undefined)
        throw new Error(`koubou ${words[0]}: ${code} ${stdout}${stderr}`);
      ids.push(found.id);
      late.push(Math.max(0, toldAtMs - found.atMs));
      await must('stop');
    }
    return { late, faults: census(home, { acknowledged: ids }).faults };
  } finally {
    await (await type('stop', '--now')).ended;
    fs.rmSync(root, { recursive: true, force: true });
  }
};

/** A rename is the last that changes such a file. */
const endedIn = (home: string): { id: string; atMs: number }[] =>
  fs
    .readdirSync(join(home, 'tasks', 'completed'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => ({
      id: name.slice(0, name.indexOf('.')),
      atMs: fs.lstatSync(join(parentPath, name)).ctimeMs,
    }));
