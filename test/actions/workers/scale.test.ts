import assert from 'node:assert/strict';
import { scaleWorkers } from '../../../src/actions/workers/scale.ts';
import type { App } from '../../../src/app/app.ts';
import type { Member } from '../../../src/queue/queue.ts';
import { projectForEach } from '../../support/app.ts';
import { worker } from '../../support/builders.ts';

describe('scaling', () => {
  const project = projectForEach();
  let app: App;
  const members: Member[] = [];
  beforeEach(async () => {
    members.length = 0;
    app = await project().open();
  });

  const join = async (label: string): Promise<Member> => {
    const member = await project().queue.join(worker({ label }));
    members.push(member);
    return member;
  };
  const messages = () => Promise.all(members.map((member) => member.message()));

  it('tells every daemon', async () => {
    const [one, two] = [await join('one'), await join('two')];
    const bounds = { min: 1, max: 4 };
    const { workers } = await scaleWorkers(app, bounds);
    assert.deepEqual(
      workers.toSorted((a, b) => a.worker_id.localeCompare(b.worker_id)),
      [one, two]
        .map(({ workerId }) => ({ worker_id: workerId, ...bounds }))
        .toSorted((a, b) => a.worker_id.localeCompare(b.worker_id)),
    );
    assert.deepEqual(await messages(), [bounds, bounds]);
  });

  it('tells the one that is named, by its id, a part of it, or as it is shown', async () => {
    await join('one');
    const two = await join('two');
    for (const [at, name] of [two.workerId, 'two', `two-${process.pid}`].entries()) {
      const bounds = { min: 1, max: at + 2 };
      const { workers } = await scaleWorkers(app, { ...bounds, worker: name });
      assert.deepEqual(workers, [{ worker_id: two.workerId, ...bounds }]);
      assert.deepEqual(await messages(), [undefined, bounds], name);
    }
  });

  for (const [name, bounds, code, message] of [
    ['a least that is more than the most', { min: 3, max: 1 }, 'usage', /3, is more than the most, 1/],
    ['a name that none has', { min: 1, max: 2, worker: 'nobody' }, 'usage', /No running worker is called/],
    ['a name that several have', { min: 1, max: 2, worker: 'o' }, 'usage', /Several running workers/],
  ] as const)
    it(`refuses ${name}, and tells none`, async () => {
      await join('one');
      await join('two');
      await assert.rejects(scaleWorkers(app, bounds), { code, message });
      await assert.rejects(scaleWorkers(app, bounds), { message: /nothing was changed\.$/ });
      assert.deepEqual(await messages(), [undefined, undefined]);
    });

  it('is a conflict where none runs', async () => {
    await assert.rejects(scaleWorkers(app, { min: 1, max: 2 }), {
      code: 'conflict',
      message: 'No worker is running; nothing was changed.',
      hint: /`koubou work --min 1 --max 2`/,
    });
  });
});
