import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileQueue, type FileQueueOptions } from '../../src/queue/files/file-queue.ts';
import { createFileHome } from '../../src/queue/files/home.ts';
import { census } from '../faults/census.ts';
import { LightDisk } from '../helpers/queue-disk.ts';
import { draftFromDrop } from '../helpers/queue-drop.ts';
import { budgetOf, full, newTask, succeeded, takeAll, worker } from '../helpers/queue-home.ts';
import { type Scenario, scenarios } from './scenarios.ts';

const src = join(import.meta.dirname, '../../src/queue/files');
/** Processes at once; the machine that runs this has few cores. */
const AT_ONCE = 3;

const steps = (): Set<string> => {
  const found = fs
    .readdirSync(src)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...fs.readFileSync(join(src, name), 'utf8').matchAll(/step\('([a-z._]+)'\)/g)]);
  return new Set(found.map((match) => match[1] as string));
};

// A killed process leaves what the kernel knows, synced or not.
const open = (home: string, options: Partial<FileQueueOptions> = {}): FileQueue =>
  new FileQueue({ home, draftFromDrop, disk: new LightDisk(), ...options });

const run = (home: string, scenario: Scenario, step: string, nth: number, ids: Record<string, string>) =>
  new Promise<{ signal: string | null; code: number | null; told: string[]; said: string }>((resolve) => {
    const child = spawn(
      process.execPath,
      [
        fileURLToPath(import.meta.resolve('./act.ts')),
        home,
        scenario.name,
        step,
        `${nth}`,
        JSON.stringify(ids),
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NODE_COMPILE_CACHE: join(dirname(home), 'cache') },
      },
    );
    let out = '';
    let said = '';
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      said += data;
    });
    child.on('close', (code, signal) =>
      resolve({ signal, code, told: out.split('\n').filter(Boolean), said }),
    );
  });

/** Works everything off as a living daemon would, with time going by. */
const workOff = async (home: string): Promise<void> => {
  let ahead = 0;
  const queue = open(home, { nowMs: () => Date.now() + ahead });
  for (let round = 0; round < 6; round += 1) {
    ahead += 200 * 365 * 86_400_000 * (round === 0 ? 1 : 0) + 3_700_000;
    const member = await queue.join(worker());
    await queue.sweep(budgetOf);
    await queue.adopt(member.workerId);
    for (;;) {
      const claim = await member.claim(takeAll);
      if (claim === undefined) break;
      await member.settle(claim, succeeded(claim, member), budgetOf());
    }
    await queue.sweep(budgetOf);
    await member.leave();
    const { pending, in_progress } = await queue.counts();
    if (pending + in_progress === 0) return;
  }
};

describe('a process killed', () => {
  const covered = new Set<string>();
  let root: string;

  before(() => {
    root = fs.mkdtempSync(join(tmpdir(), 'koubou-crash-'));
  });
  after(() => fs.rmSync(root, { recursive: true, force: true }));

  for (const scenario of scenarios) {
    it(`while ${scenario.name} loses nothing and doubles nothing, whatever step it is at`, async function () {
      this.timeout(60_000);
      const model = join(root, scenario.name.replaceAll(' ', '-'));
      await createFileHome(model, { allowNetworkFs: false });
      const ids = await scenario.prepare(open(model), model);
      const copy = (name: string): string => {
        const target = `${model}.${name}`;
        execFileSync('cp', ['-a', model, target]);
        return target;
      };

      const seen: [step: string, nth: number][] = [];
      const whole = copy('whole');
      const counts = new Map<string, number>();
      const step = (name: string): void => {
        counts.set(name, (counts.get(name) ?? 0) + 1);
        seen.push([name, counts.get(name) ?? 0]);
        covered.add(name);
      };
      await scenario.act(open(whole, { step }), ids, () => undefined, whole);
      assert.ok(seen.length > 0);

      const killAt = async ([name, nth]: [string, number]): Promise<void> => {
        const home = copy(`${name}.${nth}`);
        const { signal, code, told, said } = await run(home, scenario, name, nth, ids);
        assert.equal(signal, 'SIGKILL', `it came to ${name} ${nth}; ${code} ${said}`);
        const queue = open(home);
        await queue.sweep(budgetOf);
        const acknowledged = [...Object.values(ids), ...told];
        const retried = scenario.retries === undefined ? [] : [ids[scenario.retries] ?? ''];
        const where = `killed at ${name}, time ${nth}`;
        // What was dropped in is no task before a daemon has looked at it.
        const drops = (faults: string[]) => faults.filter((fault) => !/ drop.json$|_aaaa /.test(fault));
        const after = census(home, { acknowledged, retried });
        assert.deepEqual(drops(after.faults), [], where);
        assert.deepEqual(
          (await queue.list({})).map((record) => record.task_id).sort(),
          [...after.tasks.keys()].filter((id) => !id.endsWith('_aaaa')).sort(),
          `${where}: the queue lists what is there`,
        );
        for (const task of after.tasks.values()) assert.equal(await queue.state(task.id), task.state, where);
        const batch = (await queue.list({ labels: { batch: 'yes' } })).length;
        assert.ok(batch === 0 || batch === 3, `${where}: ${batch} of a batch of 3`);
        const keyed = await queue.list({});
        const first = keyed.find((record) => record.key === 'k');
        if (first !== undefined) {
          const { type, prompt, labels, after: parents, not_before } = first;
          const again = newTask({ type, prompt, labels, after: parents, not_before, key: 'k' });
          assert.deepEqual(await queue.add([again]), [{ id: first.task_id, existed: true }], where);
        }
        await workOff(home);
        const ended = census(home, { acknowledged, retried });
        assert.deepEqual(ended.faults, [], `${where}, after all is worked off`);
        for (const task of ended.tasks.values()) {
          assert.ok(['completed', 'failed'].includes(task.state), `${where}: ${task.id} is ${task.state}`);
        }
        fs.rmSync(home, { recursive: true });
      };
      const from = seen.findIndex(([name]) => name === scenario.from);
      const queue = full ? seen : seen.slice(Math.max(0, from));
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let next = queue.shift(); next !== undefined; next = queue.shift()) await killAt(next);
        }),
      );
    });
  }

  it('was killed at every step there is', () => {
    assert.deepEqual(
      [...steps()].filter((name) => !covered.has(name)),
      [],
    );
  });
});

describe('the walk through the protocol', () => {
  it('names every step there is', () => {
    const readme = fs.readFileSync(join(src, 'README.md'), 'utf8');
    assert.deepEqual(
      [...steps()].filter((name) => !readme.includes(`\`${name}\``)),
      [],
    );
  });

  it('names every file there is, and no other', () => {
    const readme = fs.readFileSync(join(src, 'README.md'), 'utf8');
    const named = new Set([...readme.matchAll(/`([a-z-]+\.ts)`/g)].map((match) => match[1]));
    const files = fs.readdirSync(src).filter((name) => name.endsWith('.ts'));
    const plumbing = ['context.ts', 'file-queue.ts'];
    const expected = files.filter((name) => !plumbing.includes(name));
    assert.deepEqual(named, new Set(expected));
  });
});
