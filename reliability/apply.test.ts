import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { buildMutant, type Edit } from '../test/support/mutants/source.ts';
import { seeded } from '../test/support/seeded.ts';
import { cannotTrace } from '../test/support/strace.ts';
import { type Command, Ground } from './apply/ground.ts';
import { callsOf, killAtCall, killAtMoment, type SystemCall } from './apply/kill.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';

const SEED = 7;
const SAMPLED = { calls: 4, moments: 2 };
const MOMENTS = 40;
/** The longest that what is looked at takes. */
const WITHIN_MS = { apply: 500, discard: 20 };

interface Planted {
  what: string;
  fault: Edit;
  next: 'repeated' | 'conflicting';
  found: RegExp;
}

const PLANTED: readonly Planted[] = [
  {
    what: 'a journal that is never read',
    fault: {
      file: 'worktree/apply/stage.ts',
      from: 'if (journal !== undefined) {',
      to: 'if (journal !== undefined && own.home === id) {',
    },
    next: 'conflicting',
    found: /the files are not as they should be/,
  },
  {
    what: 'a lock of the index that names no holder',
    fault: {
      file: 'worktree/apply/index-lock.ts',
      from: 'await writeFile(made, holder, ',
      to: "await writeFile(made, '', ",
    },
    next: 'repeated',
    found: /index\.lock/,
  },
];

const IN_CALLS = 'in a system call';

describe('apply and discard', function () {
  this.timeout(exhaustive ? 7_200_000 : 120_000);
  const random = seeded(SEED);
  const rows: Figures['rows'][number][] = [];
  const notes: string[] = [];
  let ground: Ground;
  let log: string;

  before(async () => {
    ground = await Ground.make(quickFolder());
    log = `${ground.repository.folder}.strace`;
  });
  after(async () => {
    fs.rmSync(log, { force: true });
    await ground.remove();
    await publishFigures('apply', {
      title: 'Apply and discard',
      about:
        'The built command line applies what a task did in its worktree (files written, created, removed, a file that becomes a folder and the reverse, a link, a mode bit), or discards it, and is killed with -9. It is killed in each system call that changes something in the home, beside it or in the repository, made by koubou or by a git that it started (if several of these make such a call as their nth, in the first of them; the section on the commands covers each git by itself), and at seeded moments, alone or with every git. Then the user’s own git has to work (status, worktree list, log, fsck, creating and deleting a branch), except for a lock that names koubou, and no lock of git’s may be left. Then the command is repeated; in every other case of apply, another commit that conflicts with the task’s work has been made in between. After the repetition all of the work has to be there; in a conflict, the files have to be as they were before the killed command. The user’s other files and the index have to be byte for byte the same, and nothing may be left behind.',
      command: 'npm run faults -- apply',
      columns: ['Command', 'Killed', 'Kills', 'Ended before', 'Bad'],
      rows,
      notes,
    });
  });

  const sweep = async (
    command: Command,
    how: string,
    kills: readonly (() => Promise<boolean>)[],
  ): Promise<void> => {
    const bad: string[] = [];
    let through = 0;
    for (const [place, kill] of kills.entries()) {
      ground.reset();
      if (!(await kill())) through += 1;
      const then = place % 2 === 0 ? 'repeated' : 'conflicting';
      const wrong = await ground.judge(command, then);
      if (wrong !== null) bad.push(`${command}, killed ${how} (${place}), ${then}: ${wrong}`);
    }
    rows.push([command, how, kills.length - through, through, bad.length]);
    assert.deepEqual(bad, []);
    // Of a few moments each may be too late.
    if (exhaustive || how === IN_CALLS) assert.ok(through < kills.length, 'something was killed');
  };

  for (const command of ['apply', 'discard'] as const) {
    it(`${command} can be repeated wherever a system call of it was its last`, async function () {
      const why = cannotTrace();
      if (why !== null) {
        console.log(`    Not shown here: a kill in each system call (${why}).`);
        this.skip();
      }
      const calls = await callsOf(ground, command, log);
      const chosen = exhaustive ? calls : sampled(calls);
      const kills = chosen.map((call) => () => killAtCall(ground, command, call, log));
      await sweep(command, IN_CALLS, kills);
    });

    for (const all of [false, true]) {
      it(`${command} can be repeated whenever it was killed, ${all ? 'with its git' : 'while its git goes on'}`, async () => {
        const kills = Array.from({ length: exhaustive ? MOMENTS : SAMPLED.moments }, () => {
          const afterMs = random() * WITHIN_MS[command];
          return () => killAtMoment(ground, command, { afterMs, all });
        });
        await sweep(command, all ? 'at a moment, with its git' : 'at a moment, its git goes on', kills);
      });
    }
  }

  // A sample has no time for more.
  for (const { what, fault, next, found } of exhaustive ? PLANTED : PLANTED.slice(0, 1)) {
    it(`of a killed apply find ${what}`, async function () {
      if (cannotTrace() !== null) return this.skip();
      ground.program = await buildMutant(fault);
      const all = (await callsOf(ground, 'apply', log)).filter(({ call }) => call === 'rename');
      const wrong: string[] = [];
      for (const call of all) {
        ground.reset();
        await killAtCall(ground, 'apply', call, log);
        const judged = await ground.judge('apply', next);
        if (judged !== null) wrong.push(judged);
        if (!exhaustive && judged !== null) break;
      }
      ground.program = undefined;
      assert.match(wrong.join('\n'), found);
      notes.push(`Planted: ${what} is found at ${wrong.length} of the ${all.length} renames.`);
    });
  }

  const sampled = (calls: readonly SystemCall[]): SystemCall[] =>
    Array.from({ length: SAMPLED.calls }, () => calls[Math.floor(random() * calls.length)] as SystemCall);
});

const quickFolder = (): string => {
  try {
    fs.accessSync('/dev/shm', fs.constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
};
