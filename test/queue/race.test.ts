import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { full, newTask } from '../support/builders.ts';
import { census } from '../support/census/census.ts';
import { makeHome } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

const WORKERS = 8;
const TASKS = full ? 20_000 : 1000;

describe('many racing workers', () => {
  it('get each task exactly once', async function () {
    this.timeout(full ? 600_000 : 60_000);
    const home = await makeHome();
    try {
      const queue = home.open();
      const added = await queue.add(
        Array.from({ length: TASKS }, (_, n) => newTask({ prompt: `${n}`, priority: 1 + (n % 10) })),
      );
      const gate = home.path('gate');
      const children = Array.from({ length: WORKERS }, () =>
        spawn(process.execPath, [fileURLToPath(import.meta.resolve('./claimer.ts')), home.home, gate], {
          stdio: ['ignore', 'pipe', 'inherit'],
        }),
      );
      await until(
        () => fs.readdirSync(home.home).filter((name) => name.startsWith('gate.')).length === WORKERS,
        'all workers',
      );
      fs.writeFileSync(gate, '');
      const taken = await Promise.all(
        children.map(async (child) => {
          const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
          assert.equal(code, 0);
          return output.split('\n').filter(Boolean);
        }),
      );
      assert.ok(taken.filter((part) => part.length > 0).length > 1, 'they did race');
      assert.deepEqual(
        taken.flat().sort(),
        added.map(({ id }) => `${id} 1`),
      );
      const { tasks, faults } = census(home.home, { acknowledged: added.map(({ id }) => id) });
      assert.deepEqual(faults, []);
      assert.ok([...tasks.values()].every((task) => task.state === 'completed'));
    } finally {
      home.remove();
    }
  });
});
