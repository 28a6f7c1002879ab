/**
 * Runs git as koubou needs it: without hooks, prompts, signatures, monitors or the caller's own GIT_* variables,
 * in plain English, and never for longer than a bound.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KoubouError, systemCode } from '../errors.ts';
import { HalfWorktree, halfWorktreeIn } from './half-worktree.ts';

export interface GitPlace {
  /** Absolute: where git runs. */
  folder: string;
  /** Absolute: the git folder of the work tree that `folder` is the top of; absent: git looks for the one around it. */
  gitFolder?: string;
  /** The whole environment of git, already reduced; its PATH finds the program. */
  environment: Readonly<Record<string, string>>;
}

export interface GitOptions {
  /** Variables of git's own, as GIT_INDEX_FILE. */
  variables?: Readonly<Record<string, string>>;
  input?: Uint8Array | string;
  /** What git prints goes there instead, replacing what was there. */
  stdoutPath?: string;
  /** It goes on when this process is killed or interrupted: it must not stop half way. */
  alone?: boolean;
}

export interface GitEnd {
  /** null: it was stopped after the bound, or there is no git. */
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

const LONGEST_MS = 120_000;

const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.safecrlf=false',
  'core.quotePath=false',
  'commit.gpgSign=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'submodule.recurse=false',
  'advice.detachedHead=false',
].flatMap((setting) => ['-c', setting]);

const VARIABLES = { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', GIT_PAGER: 'cat' };

const AGAIN_MS = 50;

/** Never rejects for what git says; the code tells. */
export const git = async (
  place: GitPlace,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitEnd> => {
  const half = new HalfWorktree();
  for (;;) {
    const end = await gitOnce(place, args, options);
    const name = end.code === 0 || end.code === null ? undefined : halfWorktreeIn(end.stderr);
    if (name === undefined || !(await half.mayPass(name, () => commonFolder(place)))) return end;
    await delay(AGAIN_MS);
  }
};

const commonFolder = async (place: GitPlace): Promise<string> => {
  const { stdout } = await gitOnce(place, ['rev-parse', '--path-format=absolute', '--git-common-dir']);
  return stdout.toString('utf8').replace(/\n$/, '');
};

const gitOnce = async (
  { folder, gitFolder, environment }: GitPlace,
  args: readonly string[],
  { variables = {}, input, stdoutPath, alone = false }: GitOptions = {},
): Promise<GitEnd> => {
  const { execa } = await import('execa');
  const own = Object.entries(environment).filter(([name]) => !name.startsWith('GIT_'));
  const told = gitFolder === undefined ? {} : { GIT_DIR: gitFolder, GIT_WORK_TREE: folder };
  const ended = await execa('git', [...SETTINGS, ...args], {
    cwd: folder,
    env: { ...Object.fromEntries(own), ...VARIABLES, ...told, ...variables },
    extendEnv: false,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    stdout: stdoutPath === undefined ? 'pipe' : { file: stdoutPath },
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    ...(alone ? { detached: true, cleanup: false } : { timeout: LONGEST_MS, killSignal: 'SIGKILL' }),
    maxBuffer: 512 * 1024 * 1024,
  });
  const printed = ended.stdout instanceof Uint8Array ? Buffer.from(ended.stdout) : Buffer.alloc(0);
  return { code: ended.exitCode ?? null, stdout: printed, stderr: whyNot(ended) };
};

const whyNot = (ended: { stderr?: unknown; timedOut: boolean; cause?: unknown }): string => {
  if (ended.timedOut) return `it took longer than ${LONGEST_MS / 1000} s`;
  if (systemCode(ended.cause) === 'ENOENT') return 'there is no git on the PATH, or no such folder';
  return ended.stderr instanceof Uint8Array ? Buffer.from(ended.stderr).toString('utf8').trim() : '';
};

/** What git prints. Throws `usage` with git's words when it fails. */
export const gitOutput = async (
  place: GitPlace,
  args: readonly string[],
  options: GitOptions = {},
): Promise<Buffer> => {
  const { code, stdout, stderr } = await git(place, args, options);
  if (code === 0) return stdout;
  const words = stderr === '' ? `exit code ${code}` : stderr;
  throw new KoubouError('usage', `git ${args[0]} failed in ${place.folder}: ${words}`, {
    hint:
      halfWorktreeIn(stderr) === undefined
        ? 'Try the same git command there by hand.'
        : 'A git was killed there while it made that worktree: `git worktree prune` clears it away.',
  });
};

/** The same as text, without the end of its last line: a path may begin and end with spaces, and hold newlines. */
export const gitLine = async (
  place: GitPlace,
  args: readonly string[],
  options?: GitOptions,
): Promise<string> => (await gitOutput(place, args, options)).toString('utf8').replace(/\n$/, '');

/** Names that git ended with zero bytes; file names may be any bytes, so they stay latin1 until they are shown. */
export const zeroEnded = (bytes: Buffer): string[] => bytes.toString('latin1').split('\0').slice(0, -1);

export const asBytes = (name: string): Buffer => Buffer.from(name, 'latin1');

/** The file that git gave a name, as bytes. */
export const pathIn = (folder: string, name: string): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), asBytes(name)]);

export const shownName = (name: string): string => asBytes(name).toString('utf8');

/** A name of this process's own, as git's bytes. */
export const asName = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
