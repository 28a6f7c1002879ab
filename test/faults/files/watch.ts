/** Has a judge look at homes one after the other, ends it when it hangs, and looks itself at what it did to the folders. */
import { type ChildProcess, fork } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Case, Judged } from './judge.ts';
import { filesHolding, fingerprint, layOut, type Owner } from './lay-out.ts';
import type { Planted } from './planted.ts';
import type { Plant } from './plants.ts';
import type { Stage, Target } from './stage.ts';

/** Stands in everything that lies outside of the home. */
export const MARKER = 'CANARY-7f3a9c';
/** More than any look takes on a busy machine. */
const HANGS_AFTER_MS = Number(process.env['HANG_MS'] ?? 15_000);
/** MB that a case may add to what the judge had before. */
const MOST_MEMORY = 300;
/** nobody */
const SOMEBODY: Owner = { uid: 65_534, gid: 65_534 };

export interface Verdict {
  /** Nothing: all is as promised. */
  problems: string[];
  hung: boolean;
  /** Names in quarantine beyond what lay there before. */
  setAside: string[];
  clear: string[];
}

export interface Allowance {
  planted?: Planted | null;
  /** A task that went with what was broken. */
  lost?: string | null;
  /** The others may wait where the worker says what hinders it. */
  mayWait?: boolean;
}

interface Scene {
  home: string;
  outside: string;
  /** The fingerprint of what lies outside. */
  before: readonly string[];
  /** Names that lay in quarantine already. */
  wasAside: readonly string[];
  lost: string | null;
  mayWait: boolean;
}

export class Watch {
  readonly #stage: Stage;
  readonly #owner: Owner | null;
  #child: ChildProcess | undefined;
  /** MB, of the judge before the case. */
  #memory = Number.POSITIVE_INFINITY;
  #count = 0;

  /** As root, the judge is somebody else: root may read everything. */
  constructor(stage: Stage) {
    this.#stage = stage;
    this.#owner = process.getuid?.() === 0 ? SOMEBODY : null;
  }

  get isRoot(): boolean {
    return this.#owner !== null;
  }

  /** Lays the stage out, lets `spoil` break it, and judges what koubou makes of it. */
  async judge(
    spoil: (home: string, outside: string) => void | Promise<void>,
    { planted = null, lost = null, mayWait = false }: Allowance = {},
  ): Promise<Verdict> {
    const root = fs.mkdtempSync(join(ROOT, 'koubou-files-'));
    const [home, outside] = [join(root, 'home'), join(root, 'beside')];
    try {
      fs.chmodSync(root, 0o755);
      layOut(this.#stage.entries, home, this.#owner);
      fs.mkdirSync(outside, { mode: 0o755 });
      await spoil(home, outside);
      const before = fingerprint(outside);
      const wasAside = namesIn(home, 'tasks/quarantine');
      const judged = await this.#ask({ home, planted });
      return this.#verdict({ home, outside, before, wasAside, lost, mayWait }, judged);
    } finally {
      fs.rmSync(root, { recursive: true, force: true });
    }
  }

  #verdict({ home, outside, before, wasAside, lost, mayWait }: Scene, judged: Judged | null): Verdict {
    const problems = [...(judged?.problems ?? ['it hung'])];
    const after = fingerprint(outside);
    for (const line of [
      ...after.filter((each) => !before.includes(each)),
      ...before.filter((each) => !after.includes(each)),
    ]) {
      problems.push(`outside was touched: ${line}`);
    }
    for (const path of filesHolding(home, MARKER)) problems.push(`${path} holds what lies outside`);
    if (judged?.said.some((text) => text.includes(MARKER)) === true)
      problems.push('what lies outside was shown');
    const grown = (judged?.memory ?? 0) - this.#memory;
    if (grown > MOST_MEMORY) problems.push(`the memory grew by ${grown} MB`);
    this.#memory = Math.max(
      judged?.memory ?? 0,
      this.#memory === Number.POSITIVE_INFINITY ? 0 : this.#memory,
    );
    const setAside = namesIn(home, 'tasks/quarantine').filter(
      (name) => !name.endsWith('.why.json') && !wasAside.includes(name),
    );
    for (const name of setAside) {
      if (!fs.existsSync(join(home, 'tasks/quarantine', `${name}.why.json`)))
        problems.push(`${name} was set aside without a reason`);
    }
    if (judged !== null)
      problems.push(
        ...lostOf(home, this.#stage, setAside, {
          lost,
          works:
            judged.opened && !(mayWait && judged.clear.some((words) => words.includes('cannot be taken'))),
        }),
      );
    return { problems, hung: judged === null, setAside, clear: judged?.clear ?? [] };
  }

  async #ask(request: Case): Promise<Judged | null> {
    this.#child ??= await this.#start();
    const child = this.#child;
    this.#count += 1;
    const { promise, resolve } = Promise.withResolvers<Judged | null>();
    const timer = setTimeout(() => resolve(null), HANGS_AFTER_MS);
    const ended = (): void =>
      resolve({ opened: true, problems: ['the judge died'], clear: [], said: [], memory: 0 });
    child.once('message', (judged) => resolve(judged as Judged));
    child.once('exit', ended);
    child.send(request, () => undefined);
    const judged = await promise;
    clearTimeout(timer);
    child.removeAllListeners('message');
    child.off('exit', ended);
    if (judged === null || !child.connected) await this.close();
    return judged;
  }

  async #start(): Promise<ChildProcess> {
    const folder = fs.mkdtempSync(join(ROOT, 'koubou-judge-'));
    if (this.#owner !== null) fs.chownSync(folder, this.#owner.uid, this.#owner.gid);
    const child = fork(new URL('judge.ts', import.meta.url), {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' },
      execArgv: ['--max-old-space-size=1024'],
      ...(this.#owner ?? {}),
    });
    child.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
    this.#memory = Number.POSITIVE_INFINITY;
    return child;
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}

const ROOT = fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const namesIn = (home: string, path: string): string[] => {
  try {
    return fs.readdirSync(join(home, path));
  } catch {
    return [];
  }
};

/** Read from the folders alone: acknowledged tasks that are nowhere or twice, and others than the broken one that were not done. */
const lostOf = (
  home: string,
  stage: Stage,
  setAside: readonly string[],
  { lost, works }: { lost: string | null; works: boolean },
): string[] => {
  const problems: string[] = [];
  const places = new Map<string, string[]>();
  const walk = (folder: string): void => {
    for (const name of namesIn(home, folder)) {
      const path = `${folder}/${name}`;
      const id = /(task_\d{8}_\d{6}_\d{6}_[0-9a-z]{4})\.r\d+(?:\.b\d+)?\.json$/.exec(name)?.[1];
      if (id !== undefined) places.set(id, [...(places.get(id) ?? []), path]);
      else if (fs.lstatSync(join(home, path), { throwIfNoEntry: false })?.isDirectory() === true) walk(path);
    }
  };
  for (const state of ['pending', 'delayed', 'blocked', 'in_progress', 'completed', 'failed', 'tmp'])
    walk(`tasks/${state}`);
  for (const id of stage.tasks) {
    const found = places.get(id) ?? [];
    const aside = setAside.filter((name) => name.includes(id)).length;
    if (found.length + aside === 0 && id !== lost) problems.push(`${id} is nowhere`);
    if (found.length > 1) problems.push(`${id} is in ${found.join(' and ')}`);
  }
  for (const { id, output } of works ? stage.bystanders : []) {
    const [place] = places.get(id) ?? [];
    const run = /\.r(\d+)\.json$/.exec(place ?? '')?.[1];
    if (!place?.startsWith('tasks/completed/')) problems.push(`${id} was held up: it is at ${place}`);
    const result = join(
      home,
      'results',
      `${id.slice(5, 9)}-${id.slice(9, 11)}-${id.slice(11, 13)}`,
      id,
      `run-${run}.output`,
    );
    if (!fs.existsSync(result) || fs.readFileSync(result, 'utf8') !== output)
      problems.push(`${id} has another result`);
  }
  return problems;
};

/** Puts a plant in the place of a target. What lies outside is of the target's own kind, with the marker in it. */
export const plantAt =
  (target: Target, plant: Plant, owner: Owner | null) =>
  async (home: string, outside: string): Promise<void> => {
    const path = join(home, target.path);
    const facts = fs.lstatSync(path, { throwIfNoEntry: false });
    const original = facts?.isFile() === true ? fs.readFileSync(path) : null;
    const beside = { file: join(outside, 'file'), folder: join(outside, 'folder') };
    fs.writeFileSync(beside.file, marked(original));
    if (facts?.isDirectory() === true) fs.cpSync(path, beside.folder, { recursive: true });
    else fs.mkdirSync(beside.folder);
    for (const name of ['run-1.output', 'run-1.log', 'run-1.patch', 'permit', 'made'])
      fs.writeFileSync(join(beside.folder, name), `${MARKER}\n`);
    for (const name of fs.readdirSync(beside.folder)) {
      const full = join(beside.folder, name);
      if (fs.lstatSync(full).isFile()) fs.writeFileSync(full, marked(fs.readFileSync(full)));
    }
    const somebody = owner ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    for (const each of [
      outside,
      beside.file,
      beside.folder,
      ...fs.readdirSync(beside.folder).map((name) => join(beside.folder, name)),
    ]) {
      fs.chownSync(each, somebody.uid, somebody.gid);
    }
    fs.rmSync(path, { recursive: true, force: true });
    const made = fs.mkdirSync(join(path, '..'), { recursive: true });
    for (
      let folder = dirname(path);
      made !== undefined && folder.length >= made.length;
      folder = dirname(folder)
    ) {
      fs.chownSync(folder, somebody.uid, somebody.gid);
    }
    await plant.make({ path, original, outside: beside });
    const planted = fs.lstatSync(path);
    if (plant.what !== 'a file of somebody else') fs.lchownSync(path, somebody.uid, somebody.gid);
    if (planted.isDirectory())
      for (const name of fs.readdirSync(path)) fs.chownSync(join(path, name), somebody.uid, somebody.gid);
  };

/** The same file to whoever reads it, but for the marker. */
const marked = (original: Buffer | null): string => {
  const text = original?.toString() ?? '';
  return text.startsWith('{') && text.includes('"prompt":"')
    ? text.replace('"prompt":"', `"prompt":"${MARKER} `)
    : text.startsWith('{')
      ? text.replace('{', `{"marker":"${MARKER}",`)
      : `${text}${MARKER}\n`;
};
