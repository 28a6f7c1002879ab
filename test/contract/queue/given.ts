/** What every test of the contract begins with: a backend, one user of its queue, and the usual steps. */
import assert from 'node:assert/strict';
import { KoubouError } from '../../../src/errors.ts';
import type {
  Admission,
  ArtifactKind,
  ByteRange,
  Claim,
  Member,
  Queue,
  Settled,
} from '../../../src/queue/queue.ts';
import type { NewTask, TaskRecord } from '../../../src/task/record.ts';
import { failedWith, newTask, noRetries, succeeded, takeAll } from '../../support/builders.ts';
import { textFrom } from '../../support/text-from.ts';

export interface QueueBackend {
  /** One more user of the same queue, as another process would be. */
  open(): Promise<Queue>;
  /** Makes the member's process look dead to everybody else; the member itself goes on like a zombie. */
  kill(member: Member): Promise<void>;
  /** Moves the wall clock of everybody. */
  advance(ms: number): void;
  /** A moment passes, in which every member is ready to look for new tasks again. */
  lookAgain(): void;
  cleanup(): Promise<void>;
}

export interface Given {
  /** Of the test that runs. */
  readonly backend: QueueBackend;
  readonly queue: Queue;
  readonly add: (over?: Partial<NewTask>) => Promise<string>;
  readonly claim: (member: Member, admit?: Parameters<Member['claim']>[0]) => Promise<Claim>;
  readonly claimMaybe: (member: Member, admit?: () => Admission) => Promise<Claim | undefined>;
  /** Settles a run that may not be tried again. */
  readonly end: (member: Member, taken: Claim, how?: 'success' | 'failure') => Promise<Settled>;
  readonly record: (id: string) => Promise<TaskRecord>;
  readonly reasonOf: (id: string) => Promise<string | null>;
  readonly textOf: (id: string, run: number, range?: ByteRange, kind?: ArtifactKind) => Promise<string>;
}

export const refuses = (code: string) => (error: unknown) => {
  assert.ok(error instanceof KoubouError, String(error));
  assert.equal(error.code, code, error.message);
  assert.ok(error.message.length > 0 && error.hint.length > 0);
  return true;
};

/** To be called in a `describe`: each of its tests has a backend of its own. */
export const givenQueue = (makeBackend: () => Promise<QueueBackend>): Given => {
  let backend: QueueBackend;
  let queue: Queue;

  beforeEach(async () => {
    backend = await makeBackend();
    queue = await backend.open();
  });
  afterEach(async () => {
    await queue.close();
    await backend.cleanup();
  });

  const claimMaybe: Given['claimMaybe'] = (member, admit = takeAll) => {
    backend.lookAgain();
    return member.claim(admit);
  };
  const record: Given['record'] = async (id) => {
    const found = await queue.get(id);
    assert.ok(found, `${id} exists`);
    return found;
  };
  return {
    get backend() {
      return backend;
    },
    get queue() {
      return queue;
    },
    add: async (over = {}) => {
      const [added] = await queue.add([newTask(over)]);
      assert.ok(added);
      return added.id;
    },
    claimMaybe,
    claim: async (member, admit = takeAll) => {
      backend.lookAgain();
      const taken = await member.claim(admit);
      assert.ok(taken, 'there was something to claim');
      return taken;
    },
    end: async (member, taken, how = 'success') => {
      const outcome =
        how === 'success' ? succeeded(taken, member) : failedWith('exit_nonzero', taken, member);
      const settled = await member.settle(taken, outcome, noRetries);
      assert.equal(settled.kind, 'settled');
      return settled;
    },
    record,
    reasonOf: async (id) => (await record(id)).result?.error?.code ?? null,
    textOf: (id, run, range, kind = 'output') => textFrom(queue.artifacts.read(id, run, kind, range)),
  };
};
