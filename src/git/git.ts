/**
 * Runs git as koubou needs it: nothing of the repository runs, no other repository is entered, nothing is fetched, in
 * plain English, and never for longer than a bound.
 *
 * A repository's settings, hooks and attributes may be a stranger's or an agent's, and git knows some forty settings
 * that run a program. So there are two ways in, and no third: commands that read or write contents get a git folder of
 * koubou's own (own-git.ts), where none of the repository's settings are; the few that must have the repository itself
 * (where is it, what does this branch mean, move this branch) are named in FACTS and run under the table below.
 */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { KoubouError, systemCode } from '../errors.ts';
import { lostLease } from '../process/lease.ts';
import { gitFailed } from './failure.ts';
import { neverFetched } from './partial-clone.ts';
import { gitProgram } from './program.ts';
import { HalfWorktree, halfWorktreeIn } from './repository/half-worktree.ts';

export interface GitPlace {
  /** Absolute: where git runs. */
  folder: string;
  /** Absolute: the git folder of the work tree that `folder` is the top of; absent: git looks for the one around it. */
  gitFolder?: string;
  /** In place of the repository's own git folder. */
  own?: OwnGit;
  /** The whole environment of git, already reduced; its PATH finds the program. */
  environment: Readonly<Record<string, string>>;
  /** Ends a running git. */
  signal?: AbortSignal | undefined;
  /**
   * Absolute: a folder in which git begins, and moves to `folder` from there. Without it none starts, also where this process was
   * stopped after its last look: the kernel looks for it in the child. Nothing in it is used.
   */
  leaseFolder?: string | undefined;
}

/** A git folder that koubou made. Absolute paths. */
interface OwnGit {
  path: string;
  /** The top of the work tree. */
  top: string;
  /** Where new objects go, and where else objects are read. */
  objects: { written: string; read: string };
}

export interface GitOptions {
  /** Variables of git's own, as GIT_INDEX_FILE. */
  variables?: Readonly<Record<string, string>>;
  input?: Uint8Array | string;
  /** The descriptor of an open file, to which goes what git prints. By its name, something else could lie there by now. */
  printsTo?: number;
  /** It goes on when this process is killed or interrupted: it must not stop half way. */
  alone?: boolean;
}

export interface GitEnd {
  /** null: it was stopped, or there is no git. */
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

const LONGEST_MS = 120_000;
/** A git that is asked to end, and has not ended after that, is killed. */
const ENDS_WITHIN_MS = 5000;
const MOST_PRINTED = 256 * 1024 * 1024;

/** What is asked of a repository itself. None of these reads a file of the work tree or runs a filter. */
const FACTS: ReadonlySet<string> = new Set([
  'rev-parse',
  'config',
  'for-each-ref',
  'show-ref',
  'update-ref',
  'symbolic-ref',
  'branch',
  'worktree',
]);

/** Whatever the repository's settings say: those of the command line come last. */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.safecrlf=false',
  'core.quotePath=false',
  'core.sshCommand=false',
  'core.gitProxy=false',
  'core.askPass=false',
  'core.editor=false',
  'core.pager=cat',
  'core.alternateRefsCommand=true',
  'credential.helper=',
  'protocol.allow=never',
  'commit.gpgSign=false',
  'tag.gpgSign=false',
  'log.showSignature=false',
  'gpg.program=false',
  'gpg.ssh.program=false',
  'gpg.x509.program=false',
  'gpg.ssh.defaultKeyCommand=false',
  'sequence.editor=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'fetch.recurseSubmodules=false',
  'submodule.recurse=false',
  'diff.ignoreSubmodules=all',
  'status.submoduleSummary=false',
  'worktree.useRelativePaths=false',
  'advice.detachedHead=false',
].flatMap((setting) => ['-c', setting]);

/**
 * What is written into a repository is on the device before git names it: an object that a power cut left empty would be
 * taken for one that is there. A git before 2.36 knows the last one alone.
 */
const DURABLE = ['core.fsync=all', 'core.fsyncMethod=fsync', 'core.fsyncObjectFiles=true'].flatMap(
  (setting) => ['-c', setting],
);
/** What a newer git says of the last one, each time. */
const SAID_OF_DURABLE = /^warning: core\.fsyncObjectFiles is deprecated.*\n?/gm;

/** The same where a variable has the last word, or no setting exists. */
const VARIABLES = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_PAGER: 'cat',
  GIT_EDITOR: 'false',
  GIT_ASKPASS: 'false',
  SSH_ASKPASS: 'false',
  GIT_SSH_COMMAND: 'false',
  // A git before 2.45 knows no GIT_NO_LAZY_FETCH: it may try to fetch a missing object, and finds no way that is allowed.
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_PROTOCOL_FROM_USER: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_ATTR_NOSYSTEM: '1',
};

/** In koubou's own git folder neither the user's nor the system's settings hold: own-git.ts has taken what is needed. */
const ownVariables = ({ path, top, objects }: OwnGit): Record<string, string> => ({
  GIT_DIR: path,
  GIT_WORK_TREE: top,
  GIT_OBJECT_DIRECTORY: objects.written,
  ...(objects.written === objects.read
    ? {}
    : {
        GIT_ALTERNATE_OBJECT_DIRECTORIES: /[:"]/.test(objects.read)
          ? JSON.stringify(objects.read)
          : objects.read,
      }),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_GLOBAL: '/dev/null',
  HOME: path,
  XDG_CONFIG_HOME: path,
});

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

/** Names that git ended with zero bytes; file names may be any bytes, so they stay latin1 until they are shown. */
export const zeroEnded = (bytes: Buffer): string[] => bytes.toString('latin1').split('\0').slice(0, -1);

export const asBytes = (name: string): Buffer => Buffer.from(name, 'latin1');

/** The file that git gave a name, as bytes. */
export const pathIn = (folder: string, name: string): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), asBytes(name)]);

export const shownName = (name: string): string => asBytes(name).toString('utf8');

/** A name of this process's own, as git's bytes. */
export const asName = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
