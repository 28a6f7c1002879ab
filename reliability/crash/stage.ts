/** What a scenario is told and tells, in the process that is hurt in the middle of it. */

import type { FileMember } from '../../src/queue/files/claim/file-member.ts';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { Claim } from '../../src/queue/queue.ts';
import type { Budget } from '../../src/task/budget.ts';
import type { RunOutcome } from '../../src/task/record.ts';
import { worker } from '../../test/support/builders.ts';
import type { CensusTask } from '../../test/support/census/census.ts';

export interface Prepared {
  /** Acknowledged before the act begins, by a name for it. */
  ids: Readonly<Record<string, string>>;
  /** A worker of the preparing process, which lives, and the task in its hands. */
  bystander?: { workerId: string; id: string };
}

/** What is to be seen when all is mended and worked off. */
export interface Aftermath {
  ids: Prepared['ids'];
  tasks: ReadonlyMap<string, CensusTask>;
  /** The code of a task's last outcome; 'success' for a completed one. */
  ended: (id: string) => string;
  /** Prompts of all tasks. */
  prompts: readonly string[];
  said: readonly string[];
  /** Whether the hurt process went on afterwards and worked everything off itself. */
  wentOn: boolean;
}

export interface Scenario {
  name: string;
  /** The name of the id that `act` runs again by hand. */
  retries?: string;
  /** Whether `act` adds tasks: an error that it throws then says whether it did. */
  adds?: true;
  /** In a healthy process. */
  prepare(queue: FileQueue, home: string): Promise<Prepared>;
  /** In the process that is hurt. What comes before `stage.now()` is only to get there. */
  act(stage: Stage): Promise<void>;
  /** What else must hold at the end. Throws for what does not. */
  check?(after: Aftermath): void;
}

export interface StageParts {
  home: string;
  ids: Prepared['ids'];
  open: () => FileQueue;
  /** From here on the process is hurt. */
  now: () => void;
  say: (word: string) => void;
  /** Does what a worker does not give up at once. */
  persist?: <T>(action: () => Promise<T>) => Promise<T>;
}

export class Stage {
  readonly home: string;
  readonly ids: Prepared['ids'];
  readonly now: () => void;
  /** Something that the caller may count on from here on: an id that was added, or what was answered. */
  readonly say: (word: string) => void;
  member: FileMember | undefined;
  readonly claims: Claim[] = [];
  readonly #parts: StageParts;
  #queue: FileQueue | undefined;

  constructor(parts: StageParts) {
    this.#parts = parts;
    this.home = parts.home;
    this.ids = parts.ids;
    this.now = parts.now;
    this.say = parts.say;
  }

  get queue(): FileQueue {
    this.#queue ??= this.#parts.open();
    return this.#queue;
  }

  async join(): Promise<FileMember> {
    this.member = await this.queue.join(worker());
    return this.member;
  }

  async claim(admit: Parameters<FileMember['claim']>[0]): Promise<Claim> {
    const claim = await (this.member ?? (await this.join())).claim(admit);
    if (claim === undefined) throw new Error('nothing to claim');
    this.claims.push(claim);
    return claim;
  }

  /** Ends the oldest of its claims. */
  async settle(outcomeOf: (claim: Claim, member: FileMember) => RunOutcome, budget: Budget): Promise<void> {
    const { member } = this;
    const [claim] = this.claims;
    if (member === undefined || claim === undefined) throw new Error('nothing to settle');
    const outcome = outcomeOf(claim, member);
    const persist = this.#parts.persist ?? ((action) => action());
    const settled = await persist(() => member.settle(claim, outcome, budget));
    this.claims.shift();
    this.say(settled.kind);
  }
}
