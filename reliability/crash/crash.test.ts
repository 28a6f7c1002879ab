import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileHome } from '../../src/queue/files/layout/create-home.ts';
import { sign } from '../../test/support/state.ts';
import { judge, openHealthy } from './aftermath.ts';
import { scenarios } from './scenarios.ts';
import { type Prepared, type Scenario, Stage } from './stage.ts';

const src = join(import.meta.dirname, '../../src/queue/files');
/** Processes at once; the machine that runs this has few cores. */
const AT_ONCE = 3;

const steps = (): Set<string> => {
  const found = fs
    .readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...fs.readFileSync(join(src, name), 'utf8').matchAll(/step\('([a-z._]+)'\)/g)]);
  return new Set(found.map((match) => match[1] as string));
};

const run = (home: string, scenario: Scenario, step: string, nth: number, ids: Prepared['ids']) =>
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
      sign(model);
      const prepared = await scenario.prepare(openHealthy(model), model);
      const { ids } = prepared;
      const copy = (name: string): string => {
        const target = `${model}.${name}`;
        execFileSync('cp', ['-a', model, target]);
        return target;
      };

      const queue: [step: string, nth: number][] = [];
      const whole = copy('whole');
      const counts = new Map<string, number>();
      let begun = false;
      const step = (name: string): void => {
        if (!begun) return;
        counts.set(name, (counts.get(name) ?? 0) + 1);
        queue.push([name, counts.get(name) ?? 0]);
        covered.add(name);
      };
      const now = (): void => {
        begun = true;
      };
      const open = () => openHealthy(whole, { step });
      await scenario.act(new Stage({ home: whole, ids, now, say: () => undefined, open }));
      assert.ok(queue.length > 0);

      const killAt = async ([name, nth]: [string, number]): Promise<void> => {
        const home = copy(`${name}.${nth}`);
        const { signal, code, told, said } = await run(home, scenario, name, nth, ids);
        assert.equal(signal, 'SIGKILL', `it came to ${name} ${nth}; ${code} ${said}`);
        try {
          await judge({ home, scenario, prepared, said: told, wentOn: false });
        } catch (cause) {
          const words = cause instanceof Error ? cause.message : String(cause);
          throw new Error(`killed at ${name}, time ${nth}: ${words}`, { cause });
        }
        fs.rmSync(home, { recursive: true });
      };
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
    const named = new Set([...readme.matchAll(/`((?!src\/)[a-z-/]+\.ts)`/g)].map((match) => match[1]));
    const files = fs
      .readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'));
    const plumbing = ['layout/context.ts', 'file-queue.ts'];
    const expected = files.filter((name) => !plumbing.includes(name));
    assert.deepEqual(named, new Set(expected));
  });
});
