/**
 * Run as a process: does a scenario's act, and what the one who runs it wants done after it. What it says goes to
 * standard output, a JSON object a line; it goes on when a byte comes to standard input.
 *
 *     act.ts HOME SCENARIO PREPARED dies|lives [MUTANT]
 */
import fs from 'node:fs';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import { budget, succeeded } from '../../test/support/builders.ts';
import { draftFromDrop } from '../../test/support/queue/drop.ts';
import { sealOf } from '../../test/support/state.ts';
import { Clock, workOff } from '../crash/aftermath.ts';
import { scenarios } from '../crash/scenarios.ts';
import { type Prepared, Stage } from '../crash/stage.ts';
import { partsWith } from './parts.ts';

export type Line =
  | { say: string }
  | { error: { code: string | null; message: string } }
  | { now: true }
  | { acted: true }
  | { worked: string };

const [home = '', name = '', prepared = '{}', after = 'dies', mutant = ''] = process.argv.slice(2);
const { ids, bystander } = JSON.parse(prepared) as Prepared;

const tell = (line: Line): void => {
  fs.writeSync(1, `${JSON.stringify(line)}\n`);
};
const waitForWord = (): void => {
  fs.readSync(0, Buffer.alloc(1));
};
const tellError = (error: unknown): void => {
  const { code = null, message } = error as { code?: string; message: string };
  tell({ error: { code, message } });
};

/** What a daemon that goes on does with an outcome that it could not write. */
const TRIES = 3;
const persist = async <T>(action: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (after === 'dies' || attempt === TRIES) throw error;
      tellError(error);
    }
  }
};

const clock = new Clock();
const stage = new Stage({
  home,
  ids,
  persist,
  now: () => {
    tell({ now: true });
    waitForWord();
  },
  say: (word) => tell({ say: word }),
  open: () =>
    new FileQueue({
      home,
      seal: sealOf(home),
      draftFromDrop,
      nowMs: clock.nowMs,
      ...partsWith(mutant, clock),
    }),
});

// So that the thread that waits for the device is there before anybody looks for it.
await new Promise((resolve) => fs.stat('/', resolve));
const scenario = scenarios.find((candidate) => candidate.name === name);
try {
  await scenario?.act(stage);
} catch (error) {
  tellError(error);
}
tell({ acted: true });
if (after === 'dies') process.kill(process.pid, 'SIGKILL');
while (stage.claims.length > 0) await stage.settle(succeeded, budget);
const member = stage.member ?? (await stage.join());
await workOff(stage.queue, clock, member, bystander === undefined ? 0 : 1);
tell({ worked: member.workerId });
waitForWord();
await member.leave();
