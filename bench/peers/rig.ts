/** Processes of a peer, and what its jobs wrote. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Job, Place } from './driver.ts';

const DRIVE = fileURLToPath(new URL('drive.ts', import.meta.url));

export interface Line {
  what: 'start' | 'end';
  id: string;
  pid: number;
  atMs: number;
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** Resolves with the first answer that is not undefined; undefined after `ms`. */
export const within = async <T>(ms: number, look: () => T | undefined): Promise<T | undefined> => {
  const until = performance.now() + ms;
  for (;;) {
    const found = look();
    if (found !== undefined || performance.now() > until) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

export class Peer {
  readonly name: string;
  readonly place: Place;
  readonly #children = new Set<ChildProcess>();

  constructor(name: string, place: Place) {
    this.name = name;
    this.place = place;
  }

  /** Started in a group of its own, so that a kill takes what it started along. */
  start(verb: string, what = '', env: NodeJS.ProcessEnv = {}): { child: ChildProcess; said: () => string[] } {
    const child = spawn(process.execPath, [DRIVE, this.name, verb, JSON.stringify(this.place), what], {
      stdio: ['pipe', 'pipe', process.env['PEERS_DEBUG'] === '1' ? 'inherit' : 'ignore'],
      detached: true,
      env: { ...process.env, ...env },
    });
    let out = '';
    child.stdout?.on('data', (data) => {
      out += String(data);
    });
    this.#children.add(child);
    return { child, said: () => out.split('\n').slice(0, -1) };
  }

  async run(verb: string, what = ''): Promise<string[]> {
    const { child, said } = this.start(verb, what);
    const code = await new Promise((resolve) => child.once('close', resolve));
    this.#children.delete(child);
    if (code !== 0)
      throw new Error(`${this.name}: ${verb} ended with ${String(code)} (PEERS_DEBUG=1 shows why)`);
    return said();
  }

  async serve(): Promise<ChildProcess> {
    const { child, said } = this.start('serve');
    if ((await within(90_000, () => said()[0])) === undefined) throw new Error(`${this.name} does not start`);
    return child;
  }

  lines(): Line[] {
    if (!existsSync(this.place.log)) return [];
    const written = readFileSync(this.place.log, 'utf8').split('\n').slice(0, -1);
    return written.map((line) => {
      const [what, id = '', pid, atMs] = line.split(' ');
      return { what: what as Line['what'], id, pid: Number(pid), atMs: Number(atMs) };
    });
  }

  starts(job: Pick<Job, 'id'>): Line[] {
    return this.lines().filter(({ what, id }) => what === 'start' && id === job.id);
  }

  ends(job: Pick<Job, 'id'>): Line[] {
    return this.lines().filter(({ what, id }) => what === 'end' && id === job.id);
  }

  /** Kills the process and all that descends from it. */
  kill(child: ChildProcess): Promise<void> {
    this.#children.delete(child);
    const gone = new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once('exit', () => resolve());
    });
    for (const pid of descendants(child.pid ?? 0)) signal(pid, 'SIGKILL');
    return gone;
  }

  async end(): Promise<void> {
    await Promise.all([...this.#children].map((child) => this.kill(child)));
    // Queues of programs have servers that left us. Where one is killed, the next that waits may begin.
    await within(20_000, () => {
      const left = [...mentioning(this.place.folder), ...mentioning(this.place.log)];
      for (const pid of left) signal(pid, 'SIGKILL');
      return left.length === 0 ? true : undefined;
    });
  }
}

export const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
};

/** The process itself, then its children, and theirs. */
export const descendants = (pid: number): number[] => {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const found = [pid];
  for (let at = 0; at < found.length; at += 1) {
    found.push(...table.filter(([, parent]) => parent === found[at]).map(([child]) => child));
  }
  return found;
};

/** Processes with the text in their command line or environment. */
const mentioning = (text: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => ['cmdline', 'environ'].some((file) => textOf(`/proc/${pid}/${file}`).includes(text)))
    .map(Number);

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
