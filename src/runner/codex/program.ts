/** What the installed Codex knows and whether its sandbox works here; asked once for each version that is installed. */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorInfo } from '../../errors.ts';
import { boxEnvironment, existing, makeBox } from '../../executor/codex/places.ts';
import { type CodexBox, codexProfile } from '../../executor/codex/profile.ts';
import { allEnded } from '../../process/all-ended.ts';
import { askProgram, type ProgramAnswer } from '../../process/programs/ask-program.ts';
import { findOwn, type OwnProgram, requireNamed } from '../../process/programs/own-path.ts';
import { RunFailure } from '../failure.ts';
import { type CodexAbilities, featuresIn, flagsIn, isTooOld } from './arguments.ts';
import { withCodexFolder } from './folder.ts';

/** The three questions are asked at the same time, and a health check must be over after 3 s. */
const LIMIT_MS = 2900;

/** An answer that holds for what is installed now; one that failed is asked for again. */
class Remembered<T> {
  readonly #ask: (codex: OwnProgram) => Promise<T>;
  #held: { stamp: string; answer: Promise<T> } | undefined;

  constructor(ask: (codex: OwnProgram) => Promise<T>) {
    this.#ask = ask;
  }

  async of(codex: OwnProgram): Promise<T> {
    // Changes with what is installed.
    const stamp = `${codex.program} ${(await stat(codex.program)).mtimeMs}`;
    if (this.#held?.stamp !== stamp) this.#held = { stamp, answer: this.#ask(codex) };
    const { answer } = this.#held;
    try {
      return await answer;
    } catch (error) {
      if (this.#held.answer === answer) this.#held = undefined;
      throw error;
    }
  }
}

export interface CodexMachine {
  /** Of the runner. */
  name: string;
  bin: string;
  /** The whole environment of the program, already reduced. */
  environment: Readonly<Record<string, string>>;
  /** koubou's own folder; null: there is none, and Codex is only asked about itself. */
  home: string | null;
  /** What commands must not see besides the home. */
  hidden: readonly string[];
}

export class CodexProgram {
  readonly #machine: CodexMachine;
  readonly #abilities = new Remembered((codex) => this.#askAbilities(codex));
  readonly #sandbox = new Remembered((codex) => this.#trySandbox(codex));

  constructor(machine: CodexMachine) {
    this.#machine = machine;
  }

  /** Throws `no_program`: KoubouError where it is missing, RunFailure where it is too old. `inside`: as of `found`. */
  async abilities(inside: readonly string[] = []): Promise<CodexAbilities> {
    return this.#abilities.of(await this.found(inside));
  }

  /**
   * With what it was tried, in words. Throws RunFailure where commands of the model would all fail, of which Codex itself
   * says nothing.
   */
  async requireSandbox(inside: readonly string[] = []): Promise<string> {
    return this.#sandbox.of(await this.found(inside));
  }

  async installed(): Promise<boolean> {
    return this.found().then(
      () => true,
      () => false,
    );
  }

  /** `inside`: the folders of the work. Throws KoubouError `no_program` where there is none that may be started. */
  found(inside: readonly string[] = []): Promise<OwnProgram> {
    const { name, bin, environment, home } = this.#machine;
    const all = home === null ? inside : [dirname(home), ...inside];
    return requireNamed(bin, { path: environment['PATH'], inside: all }, `runners.${name}.bin`);
  }

  /** It writes to its home even for --help, and its sandbox to the temporary folder; a user's own are left alone. */
  #ask(codex: OwnProgram, args: readonly string[]): Promise<ProgramAnswer> {
    return withCodexFolder(this.#machine, async (folder) =>
      this.#askIn(codex, await makeBox(folder), '/', args),
    );
  }

  async #askIn(
    { program, path }: OwnProgram,
    box: CodexBox,
    cwd: string,
    args: readonly string[],
  ): Promise<ProgramAnswer> {
    const own = await boxEnvironment(box, { bin: program, path });
    const environment = { ...this.#machine.environment, ...own };
    return askProgram(program, args, { cwd, environment, limitMs: LIMIT_MS });
  }

  async #askAbilities(codex: OwnProgram): Promise<CodexAbilities> {
    const [version, help, features] = await allEnded([
      this.#ask(codex, ['--version']),
      this.#ask(codex, ['exec', '--help']),
      this.#ask(codex, ['features', 'list']),
    ]);
    if (help.exitCode !== 0) {
      const said = (help.stderr || help.stdout).trim().split('\n')[0] ?? '';
      throw new RunFailure(
        errorInfo(
          'no_program',
          `\`${this.#machine.bin} exec --help\` failed${said === '' ? '.' : `: ${said}`}`,
          INSTALL,
        ),
      );
    }
    const abilities = {
      version: version.stdout.trim(),
      flags: flagsIn(help.stdout),
      features: featuresIn(features.exitCode === 0 ? features.stdout : ''),
    };
    if (!isTooOld(abilities)) return abilities;
    throw new RunFailure(
      errorInfo('no_program', `${abilities.version || this.#machine.bin} is too old for koubou.`, INSTALL),
    );
  }

  /** With the profile that a run has, in folders of its own below what is hidden; and what it hides is tried, too. */
  async #trySandbox(codex: OwnProgram): Promise<string> {
    const { home, hidden } = this.#machine;
    const means = await this.#sandboxMeans(codex);
    await withCodexFolder(this.#machine, async (folder) => {
      const box = await makeBox(join(folder, 'run'));
      const cwd = join(folder, 'work');
      const secret = join(folder, 'secret');
      await Promise.all([mkdir(cwd), writeFile(secret, '', { flag: 'wx' })]);
      const keys = await existing([home ?? folder, ...hidden]);
      const places = { cwd, worktree: null, hidden: keys, kept: [], between: [], box };
      const settings = codexProfile('workspace-write', places).flatMap((pair) => ['-c', pair]);
      const probe = ['sh', '-c', PROBE, 'sh', secret];
      const answer = await this.#askIn(codex, box, cwd, ['sandbox', ...settings, '--', ...probe]);
      if (answer.exitCode !== 0) throw sandboxFailure(answer, means);
    });
    return `its sandbox (${means}) hides the home and lets commands write to one folder`;
  }

  /** Codex takes a bubblewrap of the system before its own. */
  async #sandboxMeans({ path }: OwnProgram): Promise<string> {
    if (process.platform !== 'linux') return 'of this system';
    const system = await findOwn('bwrap', { path, inside: [] });
    return `bubblewrap: ${system?.program ?? "Codex's own"}`;
  }
}

const SEEN = 97;
const PROBE = `test ! -e "$1" || exit ${SEEN}; : > probe`;

const sandboxFailure = ({ exitCode, stderr }: ProgramAnswer, means: string): RunFailure => {
  if (exitCode === SEEN) {
    return new RunFailure(
      errorInfo(
        'no_program',
        "The sandbox of Codex lets commands read what koubou hides from them: its home and the user's keys.",
        "Codex goes by an older setting instead of koubou's profile where one is made for the whole machine: remove sandbox_mode from /etc/codex/config.toml. Update Codex where it is older than 0.138.",
      ),
    );
  }
  const said = exitCode === null ? 'it did not answer in time' : lastWords(stderr);
  return new RunFailure(
    errorInfo(
      'no_program',
      `The sandbox of Codex (${means}) does not work here${said === '' ? '.' : `: ${said}`}`,
      'Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0), or, in a container that may be harmed, set security.allow_full_access and the sandbox danger-full-access.',
    ),
  );
};

/** The last line that says something: what comes before are warnings, and a stack trace follows an error. */
export const lastWords = (stderr: string): string => {
  const lines = stderr.split('\n').map((line) => line.trim());
  const trace = lines.findIndex((line) => /^stack backtrace:$/i.test(line));
  const said = (trace < 0 ? lines : lines.slice(0, trace)).filter((line) => line !== '');
  return said.findLast((line) => !/^warning\b/i.test(line)) ?? said.at(-1) ?? '';
};

const INSTALL = 'Install it: npm install -g @openai/codex';
