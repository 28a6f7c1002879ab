/**
 * Does with a home what koubou does, and tells what was not as it should be. A program of its own, started by
 * watch.ts: a home can hang it, or fill its memory.
 */
import { join } from 'node:path';
import { draftFromDrop } from '../../src/actions/delegate/draft-from-drop.ts';
import { workerSettings } from '../../src/app/worker-settings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { promptFolders } from '../../src/config/paths.ts';
import { errorInfo } from '../../src/errors.ts';
import { systemClock } from '../../src/process/clock.ts';
import { thisMachine } from '../../src/queue/files/disk/machine.ts';
import { FileQueue, type FileQueueOptions } from '../../src/queue/files/file-queue.ts';
import type { Seal } from '../../src/queue/files/layout/seal.ts';
import type { Member } from '../../src/queue/queue.ts';
import { BoundedAnswer } from '../../src/runner/connection/bounded-answer.ts';
import { failedOutcome } from '../../src/runner/failure.ts';
import { buildPrompt } from '../../src/runner/model/model-prompt.ts';
import type { RunContext, Runner, RunnerOutcome } from '../../src/runner/runner.ts';
import type { RunOutcome, TaskFile } from '../../src/task/record.ts';
import { Attempt } from '../../src/worker/attempt/attempt.ts';
import { plannerOf } from '../../src/worker/plan.ts';
import type { Admitted } from '../../src/worker/pool/admission.ts';
import type { WorkerSettings } from '../../src/worker/settings.ts';
import { beat, worker } from '../../test/support/builders.ts';
import { DISK_MUTANTS, type DiskMutantName } from '../../test/support/mutants/disk.ts';
import { LightDisk } from '../../test/support/queue/disk.ts';
import { someSeal } from '../../test/support/state.ts';
import { Looks } from './looks.ts';
import { answerTo } from './stage.ts';

export interface Case {
  home: string;
  /** A fault of koubou's own, to see that it is found. */
  mutant: DiskMutantName | null;
}

export interface Judged {
  /** Whether the home and its config could be read; else each command says why, and nothing is worked on. */
  opened: boolean;
  problems: string[];
  clear: string[];
  said: string[];
  /** MB that the case added to the most that this process ever had. */
  grown: number;
}

/** As a model: it is sent the whole prompt, and answers. */
/** What was spoilt is judged as if koubou had written it so: the seal would keep most of it from being looked at. */
const anySeal: Seal = { ...someSeal, isSealed: () => true };

class EchoRunner implements Runner {
  readonly name = 'echo';
  readonly endpoint = { name: 'server', url: 'http://127.0.0.1:1', maxConcurrent: 2 };
  readonly defaultModel = 'm';
  readonly changesFiles = false;
  readonly staysLocal = true;
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  check = async () => ({ ok: true, message: '', error: null });

  async run(task: TaskFile, context: RunContext): Promise<RunnerOutcome> {
    const facts = { model: 'm', endpoint: 'server', usage: null };
    let sink: BoundedAnswer | undefined;
    try {
      const folders = promptFolders(this.#home);
      const template = task.prompt.includes('own') ? 'own' : 'auto';
      await buildPrompt(task, { folders, template, feedback: context.feedback });
      const { outputPath, lease } = context;
      const { logPath, progress } = lease;
      sink = await BoundedAnswer.open({ outputPath, logPath, progress, limitBytes: 1e9, asked: '' });
      await sink.answer(answerTo(task.prompt));
      await sink.end();
      const observed = {
        terminal: true,
        end: null,
        promptTokens: null,
        promptBytes: 1,
        thinking: null,
        remoteHost: null,
      };
      return { ok: true, observed, ...facts };
    } catch (error) {
      return failedOutcome(error, context.lease.signal, facts);
    } finally {
      await sink?.close();
    }
  }
}

const ROUTE = {
  runner: 'echo',
  model: undefined,
  why: 'there is one',
  considered: [],
  fallbackRunner: null,
  chain: [],
  handBack: false,
};
/** More than any case has tasks: each is claimed once or, where it fails, a few times. */
const MOST_CLAIMS = 400;

class Visit {
  readonly #home: string;
  readonly #looks: Looks;
  readonly #options: FileQueueOptions;
  #aheadMs = 0;

  constructor({ home, mutant }: Case) {
    this.#home = home;
    this.#looks = new Looks(home);
    const machine = {
      ...thisMachine(),
      steadyMs: () => performance.now() + this.#aheadMs,
      stopTree: async () => undefined,
    };
    const light = new LightDisk();
    const disk = mutant === null ? light : DISK_MUTANTS[mutant](light);
    const circumstances = {
      home,
      userHome: '/nowhere',
      requireRoute: () => undefined,
      priority: 5,
      nowMs: Date.now,
      sensitivePatterns: ['password'],
    };
    this.#options = { home, seal: anySeal, disk, machine, draftFromDrop: draftFromDrop(circumstances) };
  }

  async run(): Promise<Judged> {
    const before = mostMemory();
    const loaded = await this.#looks.open();
    if (loaded !== undefined) {
      const queue = new FileQueue(this.#options);
      await this.#looks.all(queue);
      const { config, environment } = await loadConfig({ home: join(this.#home, 'none'), environment: {} });
      const wishes = {
        version: '0',
        home: this.#home,
        seal: anySeal,
        min: 1,
        max: 1,
        until: { kind: 'drained' as const },
      };
      await this.#work(queue, workerSettings(config, environment, { PATH: process.env['PATH'] }, wishes));
      await this.#looks.all(new FileQueue(this.#options));
    }
    const { problems, clear, said } = this.#looks;
    if (({} as { polluted?: unknown }).polluted !== undefined) problems.push('Object.prototype was changed');
    return {
      opened: loaded !== undefined,
      problems,
      clear,
      said,
      grown: mostMemory() - before,
    };
  }

  async #work(queue: FileQueue, settings: WorkerSettings): Promise<void> {
    const { attempt } = { attempt: this.#looks.attempt.bind(this.#looks) };
    const member = await attempt('join', () => queue.join(worker()));
    if (member === undefined) return;
    const plan = plannerOf(settings, new Map());
    for (let round = 0; round < 3; round += 1) {
      await attempt('sweep', () => queue.sweep((task) => plan(task).budget));
      await attempt('adopt', () => queue.adopt(member.workerId));
      await attempt('beat', () => member.renew(beat()));
      await attempt('message', () => member.message());
      await attempt('cancels', () => member.cancelRequests());
      await this.#drain(queue, member, settings);
      this.#aheadMs += 2100;
    }
    if (member.trouble !== null) this.#looks.clear.push(member.trouble);
    await attempt('leave', () => member.leave());
    await queue.close();
  }

  async #drain(queue: FileQueue, member: Member, settings: WorkerSettings): Promise<void> {
    const runner = new EchoRunner(this.#home);
    const plan = plannerOf(settings, new Map([['echo', runner]]));
    const admit = (task: TaskFile, earlier: readonly RunOutcome[]): Admitted => ({
      take: true,
      permits: [{ name: 'server/m', cap: 2 }],
      plan: { ...plan(task, earlier), route: ROUTE },
    });
    for (let count = 0; count < MOST_CLAIMS; count += 1) {
      const claim = await this.#looks.attempt('claim', () => member.claim(admit));
      if (claim === undefined) return;
      await this.#looks.attempt(`run ${claim.id}`, async () => {
        const parts = {
          member,
          clock: systemClock,
          artifacts: queue.artifacts,
          runners: new Map([['echo', runner]]),
          settings,
          emit: () => undefined,
          outcomeWaits: () => undefined,
          endpointDown: () => undefined,
          endpointAnswered: () => undefined,
          giveUp: new AbortController().signal,
        };
        const end = await new Attempt(parts, claim).run();
        const error = end.event === 'task_ended' ? end.error : errorInfo('worker_lost', 'it was fenced');
        const told = error?.message.startsWith('How this run ended cannot be read: ') === true;
        if (error?.code === 'internal' && !told)
          this.#looks.problems.push(`run ${claim.id}: ${error.message}`);
      });
    }
    this.#looks.problems.push(`more than ${MOST_CLAIMS} claims`);
  }
}

const mostMemory = (): number => Math.round(process.resourceUsage().maxRSS / 1024);

const broken = (what: string, error: unknown): Judged => ({
  opened: true,
  problems: [`${what}: ${error instanceof Error ? error.stack : String(error)}`],
  clear: [],
  said: [],
  grown: 0,
});

process.on('message', (message: Case) => {
  const tell = (judged: Judged): unknown => process.send?.(judged);
  void new Visit(message).run().then(tell, (error: unknown) => tell(broken('the judge', error)));
});
process.on('unhandledRejection', (error) => process.send?.(broken('nobody waited for', error)));
