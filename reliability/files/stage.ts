/**
 * A home with everything in it that koubou reads, made once and laid out anew for each fault; and beside it what must
 * not be touched. Some of its tasks are there to be broken, some to be done all the same.
 */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { selfIdentity } from '../../src/process/liveness.ts';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { Member } from '../../src/queue/queue.ts';
import { dayOf } from '../../src/task/id.ts';
import type { NewTask } from '../../src/task/record.ts';
import {
  beat,
  failedWith,
  newTask,
  noRetries,
  succeeded,
  takeAll,
  worker,
} from '../../test/support/builders.ts';
import { lookDead } from '../../test/support/queue/dead.ts';
import { LightDisk } from '../../test/support/queue/disk.ts';
import { makeHome } from '../../test/support/queue/home.ts';
import { someSeal } from '../../test/support/state.ts';
import { type Entry, entriesOf } from './lay-out.ts';

/** One thing that koubou reads. */
export interface Target {
  what: string;
  /** Relative to the home. */
  path: string;
  /** The task that this is a part of; null: of none. */
  task: string | null;
  /** A link that leads elsewhere is a person's own wish there. */
  mayLink: boolean;
  /** The task's file itself lies in it, so it goes with it. */
  holdsTask: boolean;
  /** All tasks of one server need it: where it can be neither read nor moved they wait, and the worker says so. */
  isShared: boolean;
}

export interface Stage {
  entries: readonly Entry[];
  targets: readonly Target[];
  /** Every task that was acknowledged. */
  tasks: readonly string[];
  /** Those that end well whatever was broken, with what comes of them. */
  bystanders: readonly { id: string; output: string }[];
  /** Whose process lives. */
  holders: readonly string[];
  /** Those that were retried, once for each time. */
  retried: readonly string[];
}

const CONFIG = `version: 1
endpoints: { nowhere: { kind: ollama, url: 'http://127.0.0.1:1' } }
runners:
  ollama: { kind: ollama, endpoint: nowhere, model: tiny }
  command: { kind: command }
routing: { default: { general: ollama, code: ollama, command: command } }
`;

/** What a runner of this stage answers with. */
export const answerTo = (prompt: string): string => `answer to ${prompt}`;

export const makeStage = async (): Promise<Stage> => {
  const home = await makeHome();
  try {
    return await new Builder(home.home).build();
  } finally {
    home.remove();
  }
};

/** How the names of a creator begin that never lived. */
const abandoned = (): string => {
  const { bootId, pidNamespace } = selfIdentity();
  const namespace = Number(/\d+/.exec(pidNamespace)?.[0] ?? 0);
  return `${bootId.replaceAll(/[^0-9a-f]/g, '').slice(0, 8)}-0-none-${namespace.toString(16).padStart(8, '0')}`;
};
const ABANDONED = abandoned();

class Builder {
  readonly #home: string;
  readonly #queue;
  readonly #targets: Target[] = [];
  readonly #tasks: string[] = [];

  constructor(home: string) {
    this.#home = home;
    this.#queue = new FileQueue({ home, seal: someSeal, disk: new LightDisk() });
  }

  async build(): Promise<Stage> {
    const done = await this.#done();
    const failed = await this.#failed();
    const holders = await this.#running();
    const [urgent, due] = [
      await this.#add({ prompt: 'urgent', priority: 10 }),
      await this.#add({ prompt: 'due', not_before: '2020-01-01T00:00:00.000Z' }),
    ];
    const [child, late] = [
      await this.#add({ prompt: 'child', after: [done] }),
      await this.#add({ prompt: 'late', priority: 1 }),
    ];
    await this.#waiting(done);
    this.#cutShort();
    await this.#config();
    this.#small(done, failed);
    const bystanders = [
      ['urgent', urgent],
      ['due', due],
      ['child', child],
      ['late', late],
    ] as const;
    return {
      entries: entriesOf(this.#home),
      targets: this.#targets,
      tasks: this.#tasks,
      bystanders: bystanders.map(([prompt, id]) => ({ id, output: answerTo(prompt) })),
      holders,
      retried: [failed],
    };
  }

  async #done(): Promise<string> {
    const id = await this.#add({ prompt: 'done', labels: { a: 'b' } });
    const member = await this.#queue.join(worker());
    const claim = await member.claim(takeAll);
    if (claim === undefined) throw new Error('nothing to claim');
    fs.writeFileSync(claim.scratch.outputPath, 'the output\n');
    fs.writeFileSync(claim.scratch.logPath, 'the log\n');
    await member.settle(claim, succeeded(claim, member), noRetries);
    await this.#queue.markRead(id);
    const results = `results/${dayOf(id)}/${id}`;
    this.#target('a completed task', `tasks/completed/${dayOf(id)}/${id}.r1.json`, id);
    for (const kind of ['json', 'output', 'log'])
      this.#target(`run-1.${kind}`, `${results}/run-1.${kind}`, id);
    this.#target('the mark that a result was read', `${results}/read`, id);
    this.#target('the folder of a task’s results', results, id);
    await member.leave();
    return id;
  }

  async #failed(): Promise<string> {
    const id = await this.#add({ prompt: 'failed', priority: 9 });
    for (let run = 1; run <= 2; run += 1) {
      const member = await this.#queue.join(worker());
      const claim = await member.claim(takeAll);
      if (claim?.id !== id) throw new Error('another one was claimed');
      await member.settle(claim, failedWith('usage', claim, member), noRetries);
      if (run === 1) await this.#queue.retry(id);
      await member.leave();
    }
    this.#target('a failed task', `tasks/failed/${dayOf(id)}/${id}.r2.json`, id);
    this.#target('the outcome of a run before the last', `results/${dayOf(id)}/${id}/run-1.json`, id);
    this.#target('the outcome of the last run', `results/${dayOf(id)}/${id}/run-2.json`, id);
    return id;
  }

  /** In the hands of a worker that lives, and of one that died. */
  async #running(): Promise<string[]> {
    const holders: string[] = [];
    for (const fate of ['lives', 'died'] as const) {
      const id = await this.#add({ prompt: fate, priority: 10 });
      const member = await this.#queue.join(worker({ label: fate }));
      const claim = await member.claim(() => ({ take: true, permits: [{ name: `p/${fate}`, cap: 1 }] }));
      if (claim?.id !== id) throw new Error('another one was claimed');
      await member.renew(beat({ progress: { [id]: 5 } }));
      await member.recordChild(claim, { pid: 2 ** 22 + 1, startTime: '1' });
      const { workerId } = member;
      const whose = fate === 'lives' ? 'a living worker' : 'a dead worker';
      const folder = `tasks/in_progress/${workerId}`;
      this.#target(`a task of ${whose}`, `${folder}/00-${id}.r1.b0.json`, id);
      this.#target(`the folder of ${whose}`, folder, id, { holdsTask: true });
      this.#target(`the run file of ${whose}`, `run/${workerId}.json`, id);
      this.#target(`the beat of ${whose}`, `run/${workerId}.beat`, id);
      this.#target(`the child record of ${whose}`, `run/children/${workerId}/${id}.r1.json`, id);
      this.#target(`the permit that ${whose} holds`, `${folder}/permit@p%2F${fate}@1`, id);
      this.#target(`the outcome of ${whose}, not yet there`, `results/${dayOf(id)}/${id}/run-1.json`, id);
      await this.#command(member, id, fate);
      if (fate === 'died') lookDead(this.#home, workerId);
      else holders.push(workerId);
    }
    return holders;
  }

  async #command(member: Member, id: string, fate: 'lives' | 'died'): Promise<void> {
    if (fate === 'died') return;
    await this.#queue.cancel(id);
    await this.#queue.sendMessage(member.workerId, { min: 1, max: 2 });
    this.#target('the mark of a cancel', `ctl/cancel/${id}`, id);
    this.#target('a message to a worker', `ctl/${member.workerId}.json`, id);
  }

  async #waiting(done: string): Promise<void> {
    const pending = await this.#add({ prompt: 'pending, in own words', key: 'k' });
    const delayed = await this.#add({ prompt: 'delayed', not_before: '2099-01-01T00:00:00.000Z' });
    const blocked = await this.#add({ prompt: 'blocked', after: [done], after_any: [pending] });
    this.#target('a pending task', `tasks/pending/05-${pending}.r0.b0.json`, pending);
    this.#target(
      'a delayed task',
      `tasks/delayed/${Date.parse('2099-01-01')}-05-${delayed}.r0.b0.json`,
      delayed,
    );
    this.#target('a blocked task', `tasks/blocked/05-${blocked}.r0.b0.json`, blocked);
    const results = `results/${dayOf(pending)}/${pending}`;
    for (const kind of ['output', 'log', 'state', 'patch']) {
      this.#target(`run-1.${kind} of a task not yet run`, `${results}/run-1.${kind}`, pending);
    }
    this.#target('the outcome of a task not yet run', `${results}/run-1.json`, pending);
    this.#target('the outcome of a far run', `${results}/run-999999999.json`, pending);
    this.#target('the results of a task not yet run', results, pending);
    const [key = ''] = fs.readdirSync(join(this.#home, 'keys'));
    const [hash = ''] = fs.readdirSync(join(this.#home, 'keys', key));
    this.#target('a key', `keys/${key}/${hash}`, pending);
    this.#target('the folder of a key', `keys/${key}`, pending);
    for (const [name, content] of [
      ['dropped.json', '{"prompt":"dropped json"}'],
      ['dropped.yaml', 'prompt: dropped yaml\npriority: 3\n'],
      ['dropped.md', '---\npriority: 3\n---\ndropped markdown\n'],
      ['dropped.txt', 'dropped text\n'],
    ] as const) {
      this.#write(`tasks/pending/${name}`, content);
      this.#target(`a dropped ${name.slice(8)} file`, `tasks/pending/${name}`, null);
    }
  }

  /** What creators that died left in tmp/. */
  #cutShort(): void {
    const at = 'tasks/tmp';
    const task = (prompt: string, more: object = {}): [id: string, text: string] => {
      const id = `task_20260101_000000_000000_${prompt.slice(0, 4)}`;
      return [
        id,
        `${JSON.stringify({ version: 1, task_id: id, created_at: '2026-01-01T00:00:00.000Z', ...newTask({ prompt, ...more }) })}\n`,
      ];
    };
    const [keyed, keyedText] = task('keyd', { key: 'cut short' });
    this.#write(`${at}/${ABANDONED}0001.json`, keyedText);
    const hash = process
      .getBuiltinModule('node:crypto')
      .createHash('sha256')
      .update('cut short')
      .digest('hex');
    fs.mkdirSync(join(this.#home, 'keys', hash.slice(0, 2)), { recursive: true });
    fs.linkSync(
      join(this.#home, at, `${ABANDONED}0001.json`),
      join(this.#home, 'keys', hash.slice(0, 2), hash),
    );
    this.#target('a keyed task whose adding was cut short', `${at}/${ABANDONED}0001.json`, keyed);
    this.#write(`${at}/${ABANDONED}0002.json`, task('lost')[1]);
    this.#target('a task whose adding was cut short', `${at}/${ABANDONED}0002.json`, null);
    const [batch, batchText] = task('btch');
    this.#write(`${at}/commit-${ABANDONED}0003/pending@05-${batch}.r0.b0.json`, batchText);
    this.#tasks.push(batch);
    this.#target(
      'a task of a batch that was cut short',
      `${at}/commit-${ABANDONED}0003/pending@05-${batch}.r0.b0.json`,
      batch,
    );
    this.#target('a batch that was cut short', `${at}/commit-${ABANDONED}0003`, batch, { holdsTask: true });
    this.#write(`${at}/batch-${ABANDONED}0004/pending@05-${task('none')[0]}.r0.b0.json`, '{');
    this.#target('a batch that was never committed', `${at}/batch-${ABANDONED}0004`, null);
  }

  async #config(): Promise<void> {
    this.#write('config/agent.yaml', CONFIG);
    this.#write('config/.env', 'OLLAMA_HOST=127.0.0.1:1\nMAX_WORKERS=3\n');
    this.#write('config/codex.toml', 'model_verbosity = "low"\n[tools]\nx = [1, 2]\n');
    this.#write('config/prompts/own.md', '<!-- about -->\nBe brief.\n');
    await loadConfig({ home: this.#home, environment: {} });
    for (const name of ['agent.yaml', '.env', 'codex.toml', 'prompts/own.md']) {
      this.#target(`config/${name}`, `config/${name}`, null, { mayLink: true });
    }
    this.#target('the config cache', 'config/.cache.json', null);
  }

  #small(done: string, failed: string): void {
    this.#write(
      `worktrees/${done}.json`,
      JSON.stringify({
        version: 1,
        task_id: done,
        repository: '/nowhere',
        git_folder: '/nowhere/.git',
        branch: `koubou/${done}`,
        base: '0'.repeat(40),
        path: join(this.#home, 'worktrees', done),
        links: [],
        state: 'open',
      }),
    );
    this.#write(`worktrees/${done}/a.txt`, 'in the worktree\n');
    this.#target('the record of a worktree', `worktrees/${done}.json`, done);
    this.#target('a worktree', `worktrees/${done}`, done);
    this.#write('tasks/quarantine/old.exe', 'MZ');
    this.#write(
      'tasks/quarantine/old.exe.why.json',
      '{"name":"old.exe","reason":"it was odd","at":"2026-01-01T00:00:00.000Z"}\n',
    );
    this.#target('a quarantined file', 'tasks/quarantine/old.exe', null);
    this.#target('a reason of the quarantine', 'tasks/quarantine/old.exe.why.json', null);
    this.#write('reserve/reserve-00', 'r'.repeat(1024));
    this.#target('a reserve file', 'reserve/reserve-00', null);
    this.#target('a slot', 'tasks/in_progress/slot-00', null);
    this.#target('a permit’s folder', 'permits/p%2Fdied/1', null);
    this.#target('a set of permits', 'permits/p%2Fdied', null);
    this.#target('permits of an endpoint', 'permits/server%2Fm', null, { isShared: true });
    this.#target('a late outcome', `results/${dayOf(failed)}/${failed}/late/run-1.x.json`, failed);
  }

  async #add(over: Partial<NewTask>): Promise<string> {
    const [added] = await this.#queue.add([newTask({ cwd: tmpdir(), ...over })]);
    if (added === undefined) throw new Error('nothing was added');
    this.#tasks.push(added.id);
    return added.id;
  }

  #write(path: string, content: string): void {
    fs.mkdirSync(dirname(join(this.#home, path)), { recursive: true });
    fs.writeFileSync(join(this.#home, path), content);
  }

  #target(what: string, path: string, task: string | null, more: Partial<Target> = {}): void {
    this.#targets.push({ what, path, task, mayLink: false, holdsTask: false, isShared: false, ...more });
  }
}
