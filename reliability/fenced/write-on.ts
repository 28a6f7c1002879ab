/** A daemon that nobody can look at falls silent, its task is given to another, and its agent writes on. Linux and root only. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { census } from '../../test/support/census/census.ts';
import { Daemons } from '../../test/support/koubou/daemon.ts';
import { until } from '../../test/support/until.ts';
import { inAnotherBoot } from '../another-boot.ts';
import { CONTAINER, QUICK } from '../machine/identity.ts';

const AGENT = join(import.meta.dirname, 'agent.sh');

/** What its agent does then. */
export type Way = 'writes' | 'removes' | 'commits';
/** Where its pids mean nothing to the other one, so that nobody can stop what it started. */
export type Unseen = 'another boot' | 'another pid namespace';

export interface Fenced {
  /** Paths that the branch has otherwise than the commit it began with. */
  branch: string;
  attempts: number;
  faults: string[];
}

/** `program`: the build of the one that takes the task over. */
export const writeOn = async (where: Unseen, way: Way, program?: string): Promise<Fenced> => {
  const outside = fs.mkdtempSync(join(tmpdir(), 'koubou-fenced-'));
  const repository = join(outside, 'repository');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: repository,
      encoding: 'utf8',
    });
  fs.mkdirSync(repository);
  git('init', '-q', '-b', 'main');
  fs.writeFileSync(join(repository, 'old.txt'), 'old\n');
  git('add', '-A');
  git('commit', '-qm', 'first');
  // In the sandbox it would end with its daemon, and could write nowhere but in the folder that it was given.
  const agent = { kind: 'agent', bin: 'sh', args: [AGENT, outside, way], confine: 'off' };
  const config = { runners: { agent }, routing: { default: { code: 'agent' } } };
  const daemons = await Daemons.make(JSON.stringify(config));
  try {
    const isBoot = where === 'another boot';
    const under = isBoot ? inAnotherBoot(outside, []) : CONTAINER;
    const build = program === undefined ? {} : { program };
    const silent = await daemons.start(['--workers', '1'], { under, ...build, ...(isBoot ? QUICK : {}) });
    const add = (): Promise<string> =>
      daemons.add({ type: 'code', prompt: 'Make it.', cwd: repository, options: { worktree: true } });
    // As of workElsewhere: one of another boot takes what is half made here for what a dead boot left.
    const id = await add().catch(add);
    await until(() => fs.existsSync(join(outside, 'began')), 'the start of the task');
    const pid = programOf(silent.pid);
    process.kill(pid, 'SIGSTOP');
    const next = await daemons.start(['--workers', '1'], build);
    await until(() => fs.existsSync(join(outside, 'again')), 'the second run', 120_000);
    const { status, attempts } = await daemons.ended(id);
    fs.writeFileSync(join(outside, 'over'), '');
    process.kill(pid, 'SIGCONT');
    await silent.ended;
    next.kill('SIGTERM');
    await next.ended;
    const faults = status === 'completed' ? [] : [`the task is ${status}: ${JSON.stringify(attempts)}`];
    const branch = status === 'completed' ? git('diff', '--name-status', 'main', `koubou/${id}`).trim() : '';
    if (status === 'completed' && branch !== 'A\tsecond.txt')
      faults.push(`the branch has ${JSON.stringify(branch)}`);
    faults.push(...census(daemons.home.home, { acknowledged: [id] }).faults);
    faults.push(...(await takenOver(daemons, id, repository, git)));
    return { branch, attempts: attempts.length, faults };
  } finally {
    await daemons.remove();
    fs.rmSync(outside, { recursive: true, force: true });
  }
};

/** What a person then does with it. */
const takenOver = async (
  daemons: Daemons,
  id: string,
  repository: string,
  git: (...args: string[]) => string,
): Promise<string[]> => {
  const faults: string[] = [];
  for (const verb of ['apply', 'discard']) {
    const { code, stdout, stderr } = await daemons.koubou([verb, id], { cwd: repository });
    if (code !== 0) faults.push(`koubou ${verb} ends with ${code}: ${stdout}${stderr}`);
  }
  const files = git('status', '--porcelain').trim();
  if (files !== '?? second.txt') faults.push(`the user then has ${JSON.stringify(files)}`);
  const known = git('worktree', 'list').trim().split('\n').length - 1;
  const left = fs.readdirSync(daemons.home.path('worktrees'));
  if (known + left.length > 0)
    faults.push(`${known} worktrees are left, and ${left.join(', ') || 'no file'}`);
  return faults;
};

/** The daemon itself, where `unshare` started it as its child. */
const programOf = (pid: number): number => {
  if (fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'unshare') return pid;
  const [child = ''] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(child);
};
