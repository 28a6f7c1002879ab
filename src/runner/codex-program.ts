/** What the installed Codex knows and whether its sandbox works here; asked once for each version that is installed. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorInfo } from '../errors.ts';
import { askProgram, type ProgramAnswer } from '../process/ask-program.ts';
import { findProgram } from '../process/find-program.ts';
import { type CodexAbilities, featuresIn, flagsIn, isTooOld } from './codex-arguments.ts';
import { RunFailure } from './failure.ts';

/** The three questions are asked at the same time, and a health check must be over after 3 s. */
const LIMIT_MS = 2900;

/** An answer that holds for what is installed now; one that failed is asked for again. */
class Remembered<T> {
  readonly #ask: () => Promise<T>;
  #held: { stamp: string; answer: Promise<T> } | undefined;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  async of(stamp: string): Promise<T> {
    if (this.#held?.stamp !== stamp) this.#held = { stamp, answer: this.#ask() };
    const { answer } = this.#held;
    try {
      return await answer;
    } catch (error) {
      if (this.#held.answer === answer) this.#held = undefined;
      throw error;
    }
  }
}

export class CodexProgram {
  readonly #bin: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #abilities = new Remembered(() => this.#askAbilities());
  readonly #sandbox = new Remembered(() => this.#trySandbox());

  constructor(bin: string, environment: Readonly<Record<string, string>>) {
    this.#bin = bin;
    this.#environment = environment;
  }

  /** Throws KoubouError `usage` where it is missing, RunFailure `usage` where it is too old. */
  async abilities(): Promise<CodexAbilities> {
    return this.#abilities.of(await this.#stamp());
  }

  /** Throws RunFailure where commands of the model would all fail, of which Codex itself says nothing. */
  async requireSandbox(): Promise<void> {
    return this.#sandbox.of(await this.#stamp());
  }

  async installed(): Promise<boolean> {
    return (await this.#found()) !== undefined;
  }

  #found(): Promise<string | undefined> {
    return findProgram(this.#bin, '/', this.#environment['PATH']);
  }

  /** Changes with what is installed. */
  async #stamp(): Promise<string> {
    const path = await this.#found();
    return path === undefined ? '' : `${path} ${(await stat(path)).mtimeMs}`;
  }

  /** It writes to its home even for --help, and its sandbox to the temporary folder; a user's own are left alone. */
  async #ask(args: readonly string[]): Promise<ProgramAnswer> {
    const home = await mkdtemp(join(tmpdir(), 'koubou-codex-'));
    try {
      const environment = { ...this.#environment, CODEX_HOME: home, TMPDIR: home };
      return await askProgram(this.#bin, args, { cwd: '/', environment, limitMs: LIMIT_MS });
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  }

  async #askAbilities(): Promise<CodexAbilities> {
    const [version, help, features] = await Promise.all([
      this.#ask(['--version']),
      this.#ask(['exec', '--help']),
      this.#ask(['features', 'list']),
    ]);
    if (help.exitCode !== 0) {
      const said = (help.stderr || help.stdout).trim().split('\n')[0] ?? '';
      throw new RunFailure(
        errorInfo('usage', `\`${this.#bin} exec --help\` failed${said === '' ? '.' : `: ${said}`}`, INSTALL),
      );
    }
    const abilities = {
      version: version.stdout.trim(),
      flags: flagsIn(help.stdout),
      features: featuresIn(features.exitCode === 0 ? features.stdout : ''),
    };
    if (!isTooOld(abilities)) return abilities;
    throw new RunFailure(
      errorInfo('usage', `${abilities.version || this.#bin} is too old for koubou.`, INSTALL),
    );
  }

  async #trySandbox(): Promise<void> {
    const { exitCode, stderr } = await this.#ask(['sandbox', 'true']);
    if (exitCode === 0) return;
    const said = stderr.trim().split('\n')[0] ?? '';
    throw new RunFailure(
      errorInfo(
        'usage',
        `The sandbox of Codex does not work here${said === '' ? '.' : `: ${said}`}`,
        'Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or, in a container that may be harmed, set security.allow_full_access and the sandbox danger-full-access.',
      ),
    );
  }
}

const INSTALL = 'Install it: npm install -g @openai/codex';
