/**
 * Runs git as koubou needs it: nothing of the repository runs, no other repository is entered, nothing is fetched, in
 * plain English, and never for longer than a bound.
 *
 * A repository's settings, hooks and attributes may be a stranger's or an agent's, and git knows some forty settings
 * that run a program. So there are two ways in, and no third: commands that read or write contents get a git folder of
 * koubou's own (own-git.ts), where none of the repository's settings are; the few that must have the repository itself
 * (where is it, what does this branch mean, move this branch) are named in FACTS and run under the tables of bounds.ts.
 */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { KoubouError, systemCode } from '../errors.ts';
import { lostLease } from '../process/lease.ts';
import { DURABLE, FACTS, ownVariables, SAID_OF_DURABLE, SETTINGS, VARIABLES } from './bounds.ts';
import { gitFailed } from './failure.ts';
import { neverFetched } from './partial-clone.ts';
import type { GitEnd, GitOptions, GitPlace } from './place.ts';
import { gitProgram } from './program.ts';
import { HalfWorktree, halfWorktreeIn } from './repository/half-worktree.ts';

const LONGEST_MS = 120_000;
/** A git that is asked to end, and has not ended after that, is killed. */
const ENDS_WITHIN_MS = 5000;
const MOST_PRINTED = 256 * 1024 * 1024;

const AGAIN_MS = 50;

/**
 * Never rejects for what git says; the code tells. Throws `git_killed` where somebody else ended it, `worker_lost` without the
 * lease.
 */
export const git = async (
  place: GitPlace,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitEnd> => {
  if (place.own === undefined && !FACTS.has(args[0] ?? '')) {
    throw new KoubouError(
      'internal',
      `git ${args[0]} reads contents: it needs a git folder of koubou's own.`,
    );
  }
  const half = new HalfWorktree();
  for (;;) {
    const { killed, ...end } = await gitOnce(place, args, options);
    if (killed !== undefined) throw gitKilled(args[0], place.folder, killed);
    const name = end.code === 0 || end.code === null ? undefined : halfWorktreeIn(end.stderr);
    if (name === undefined || !(await half.mayPass(name, () => sharedFolder(place)))) return end;
    await delay(AGAIN_MS);
  }
};

const gitKilled = (command: string | undefined, folder: string, signal: string): KoubouError =>
  new KoubouError('git_killed', `git ${command} was killed (${signal}) at work in ${folder}.`);

const sharedFolder = async (place: GitPlace): Promise<string> => {
  const { stdout } = await gitOnce(place, ['rev-parse', '--path-format=absolute', '--git-common-dir']);
  return stdout.toString('utf8').replace(/\n$/, '');
};

const gitOnce = async (
  { folder, gitFolder, own, environment, signal, leaseFolder }: GitPlace,
  args: readonly string[],
  { variables = {}, input, printsTo, alone = false }: GitOptions = {},
): Promise<GitEnd & { killed: string | undefined }> => {
  const { execa } = await import('execa');
  const kept = Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('GIT_')));
  const { program, path } = await gitProgram(environment['PATH'], treesOf({ folder, gitFolder, own }));
  const named = gitFolder === undefined ? {} : { GIT_DIR: gitFolder, GIT_WORK_TREE: folder };
  const told = own === undefined ? named : ownVariables(own);
  // In a folder of koubou's own lies what is thrown away.
  const isKept = own === undefined || own.objects.written === own.objects.read;
  const there = leaseFolder === undefined ? [] : ['-C', folder];
  const ended = await execa(program, [...there, ...SETTINGS, ...(isKept ? DURABLE : []), ...args], {
    cwd: leaseFolder ?? folder,
    env: { ...kept, PATH: path, ...VARIABLES, ...told, ...variables },
    extendEnv: false,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    // Any descriptor will do; the types of execa know a few.
    stdout: (printsTo ?? 'pipe') as 'pipe',
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    ...(alone
      ? { detached: true, cleanup: false }
      : {
          timeout: LONGEST_MS,
          // It takes its locks away when it is asked to end. Killed, it leaves them, and who was fenced may not remove them.
          killSignal: 'SIGTERM',
          forceKillAfterDelay: ENDS_WITHIN_MS,
          ...(signal === undefined ? {} : { cancelSignal: signal }),
        }),
    maxBuffer: MOST_PRINTED,
  });
  const lost = systemCode(ended.cause) === 'ENOENT' ? lostLease(leaseFolder) : undefined;
  if (lost !== undefined) throw lost;
  const printed = ended.stdout instanceof Uint8Array ? Buffer.from(ended.stdout) : Buffer.alloc(0);
  const isOurs = ended.timedOut || ended.isCanceled || ended.isMaxBuffer;
  const stderr = whyNot(ended);
  const killed = isOurs ? undefined : (ended.signal ?? /died of (signal \d+)/.exec(stderr)?.[1]);
  return { code: ended.exitCode ?? null, stdout: printed, stderr, killed };
};

/** Folders whose work trees others write to. */
const treesOf = ({
  folder,
  gitFolder,
  own,
}: Pick<GitPlace, 'folder' | 'own'> & { gitFolder: string | undefined }) =>
  [folder, gitFolder, own?.top, own?.objects.read].filter((each) => each !== undefined);

const NO_GIT = 'there is no git on the PATH, or no such folder';

/** The system says the same of a folder that has gone. */
export const lacksGit = ({ stderr }: Pick<GitEnd, 'stderr'>, { folder }: Pick<GitPlace, 'folder'>): boolean =>
  stderr === NO_GIT && existsSync(folder);

const whyNot = (ended: {
  stderr?: unknown;
  timedOut: boolean;
  isCanceled: boolean;
  isMaxBuffer: boolean;
  cause?: unknown;
}): string => {
  if (ended.timedOut) return `it took longer than ${LONGEST_MS / 1000} s`;
  if (ended.isCanceled) return 'the time of the run was over';
  if (ended.isMaxBuffer) return `it named more than ${MOST_PRINTED} bytes of files`;
  if (systemCode(ended.cause) === 'ENOENT') return NO_GIT;
  const said = ended.stderr instanceof Uint8Array ? Buffer.from(ended.stderr).toString('utf8') : '';
  return said.replaceAll(SAID_OF_DURABLE, '').trim();
};

/** What git prints. Throws with git's words when it fails: `disk_full`, `no_program`, `conflict` where a cure is known, else `git_failed`. */
export const gitOutput = async (
  place: GitPlace,
  args: readonly string[],
  options: GitOptions = {},
): Promise<Buffer> => {
  const { code, stdout, stderr } = await git(place, args, options);
  if (code === 0) return stdout;
  const unfetched = await neverFetched(stderr, place.own?.objects.read, place.folder);
  if (unfetched !== undefined) throw unfetched;
  if (lacksGit({ stderr }, place))
    throw new KoubouError('no_program', `git ${args[0]} failed in ${place.folder}: ${stderr}`);
  throw gitFailed(`git ${args[0]} failed in ${place.folder}`, stderr === '' ? `exit code ${code}` : stderr);
};

/** The same as text, without the end of its last line: a path may begin and end with spaces, and hold newlines. */
export const gitLine = async (
  place: GitPlace,
  args: readonly string[],
  options?: GitOptions,
): Promise<string> => (await gitOutput(place, args, options)).toString('utf8').replace(/\n$/, '');
