import assert from 'node:assert/strict';
import { type ErrorCode, KoubouError, mayPass, systemCode } from '../../src/errors.ts';
import { closed } from '../../src/queue/closed.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { budget, budgetOf, newTask, succeeded, takeAll, worker } from '../support/builders.ts';
import { FailingDisk } from '../support/queue/disk.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';

const CODES: readonly (readonly [system: string, code: ErrorCode, passes: boolean])[] = [
  ['ENOSPC', 'disk_full', true],
  ['EDQUOT', 'disk_full', true],
  ['EROFS', 'queue_unavailable', true],
  ['EACCES', 'queue_unavailable', true],
  ['EMFILE', 'queue_unavailable', true],
  ['EIO', 'unknown', false],
  ['EBADF', 'internal', false],
];

describe('a queue with closed errors', () => {
  let home: TestHome;
  let disk: FailingDisk;
  let queue: Queue;
  beforeEach(async () => {
    home = await makeHome();
    disk = new FailingDisk();
    queue = closed(home.open({ disk }));
  });
  afterEach(async () => {
    disk.fail = () => undefined;
    await queue.close();
    home.remove();
  });

  const failAll = (code: string): void => {
    disk.fail = () => code;
  };

  for (const [system, code, passes] of CODES)
    it(`says ${code} of ${system}, whatever was asked`, async () => {
      await queue.add([newTask(), newTask()]);
      const member = await queue.join(worker());
      const claim = await member.claim(takeAll);
      assert.ok(claim);
      failAll(system);
      const asked: Record<string, () => Promise<unknown>> = {
        cancel: () => queue.cancel(claim.id),
        join: () => queue.join(worker()),
        sendMessage: () => queue.sendMessage(member.workerId, { min: 1, max: 2 }),
        sweep: () => queue.sweep(budgetOf),
        settle: () => member.settle(claim, succeeded(claim, member), budget),
        'hold back': () => member.markHeld(claim),
      };
      for (const [what, ask] of Object.entries(asked)) {
        await assert.rejects(
          ask,
          (error) => {
            assert.ok(error instanceof KoubouError);
            assert.deepEqual([error.code, systemCode(error.cause)], [code, system]);
            assert.equal(mayPass(error) !== undefined, passes);
            return true;
          },
          what,
        );
      }
      disk.fail = () => undefined;
      assert.equal((await member.settle(claim, succeeded(claim, member), budget)).kind, 'settled');
    });

  it('closes a stream that breaks off', async () => {
    const artifacts = {
      async *read(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('begun');
        throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      },
    };
    const pieces: string[] = [];
    const reading = async (): Promise<void> => {
      const { artifacts: closing } = closed({ ...stub, artifacts } as unknown as Queue);
      for await (const piece of closing.read('id', 1, 'log')) pieces.push(String(piece));
    };
    await assert.rejects(reading, (error) => error instanceof KoubouError && error.code === 'unknown');
    assert.deepEqual(pieces, ['begun']);
  });

  it('lets faults of the program through as they are', async () => {
    const fault = new TypeError('a bug');
    const broken = closed({ ...stub, list: () => Promise.reject(fault) });
    await assert.rejects(broken.list({}), fault);
    const atOnce = closed({
      ...stub,
      watch: () => {
        throw fault;
      },
    });
    assert.throws(() => atOnce.watch(), fault);
  });
});

/** What is not asked is not there. */
const stub = { artifacts: {}, inbox: undefined } as unknown as Queue;
