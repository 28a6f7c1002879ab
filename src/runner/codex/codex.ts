/**
 * Codex CLI on a local model. Its exit code and its own "completed" prove nothing (docs: the law of verify/);
 * here is only said what it did. Each run has a CODEX_HOME of its own, kept as far as a later run needs it
 * to go on with the conversation.
 */
import { join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { commandPath } from '../../executor/codex/bubblewrap.ts';
import { codexExecutor, watchingExecutor, writableOf } from '../../executor/codex/codex.ts';
import { boxEnvironment } from '../../executor/codex/places.ts';
import { strayFolders, strayNote } from '../../executor/codex/stray-folders.ts';
import type { ExecutionPlace, Executor } from '../../executor/executor.ts';
import { localExecutor } from '../../executor/local.ts';
import { runProgram } from '../../executor/run-program.ts';
import { appendOwn } from '../../names/own-file.ts';
import { withoutKeys } from '../../privacy/keys.ts';
import { allEnded } from '../../process/all-ended.ts';
import type { OwnProgram } from '../../process/programs/own-path.ts';
import { unlessAborted } from '../../process/unless-aborted.ts';
import type { TaskFile } from '../../task/record.ts';
import { RUNNER_KINDS } from '../../task/runner-kinds.ts';
import type { Connection } from '../connection/connection.ts';
import { directEnvironment } from '../connection/direct-environment.ts';
import type { Server } from '../connection/http-failure.ts';
import { openRelay, type Relay } from '../connection/model-relay.ts';
import type { ModelPrompt } from '../model/model-prompt.ts';
import { ModelRunner, type ModelRunnerOptions } from '../model/model-runner.ts';
import { refuseRemoteModel } from '../model/remote-model.ts';
import { requireModel } from '../model/require-model.ts';
import { LineReader } from '../program/line-reader.ts';
import type { RunContext, RunnerOutcome } from '../runner.ts';
import { codexArguments, NO_GIT, type Sandbox, unknownTo } from './arguments.ts';
import { codexEnd } from './end.ts';
import { CodexObservation } from './observation.ts';
import { type CodexHome, codexPrompt, makeCodexHome, pruneCodexHome, readSettings } from './private-home.ts';
import { CodexProgram } from './program.ts';
import { requireLocalSandbox, sandboxFor } from './sandbox.ts';

export interface CodexOptions extends ModelRunnerOptions {
  serverKind: Server['kind'];
  bin: string;
  sandbox: Sandbox;
  /** Whether danger-full-access may be asked for. */
  allowFullAccess: boolean;
  /** koubou's own folder, of which commands of the model must see nothing; null: it can only be asked for its health. */
  home: string | null;
  /** What they must not see besides: the user's key for all homes. */
  hidden: readonly string[];
  /** Keys and logins of the user, of which they see none either. */
  secrets?: readonly string[];
  /** Programs that the config names by their place: they stay as they are. */
  programs?: readonly string[];
  /** The whole environment of the program, already reduced. */
  environment: Readonly<Record<string, string>>;
}

/** Between two looks at its events. */
const LOOK_MS = 100;
/** Of what is kept for the log between two times that it is written. */
const LOOK_BYTES = 4 * 1024 * 1024;
const KEY_VARIABLE = 'KOUBOU_ENDPOINT_KEY';

export class CodexRunner extends ModelRunner<CodexOptions> {
  readonly #program: CodexProgram;

  /** The endpoint's url ends in /v1. */
  constructor(options: CodexOptions) {
    super(RUNNER_KINDS.codex, options.serverKind, options);
    this.#program = new CodexProgram(options);
  }

  installed(): Promise<boolean> {
    return this.#program.installed();
  }

  protected async look(connection: Connection): Promise<string> {
    // The server first: that one is gone is what the queue waits for, whatever else is wrong.
    const [, abilities, tried] = await allEnded([
      requireModel(connection, this.server(this.defaultModel)),
      this.#program.abilities(),
      this.#requireSandbox(this.options.sandbox),
      readSettings(this.options.home),
    ]);
    const unknown = unknownTo(abilities);
    const lacks = unknown.length === 0 ? '' : `; it does not know ${unknown.join(', ')}`;
    return `${abilities.version} on ${this.endpoint.url} with ${this.defaultModel}; ${tried}${lacks}`;
  }

  async run(task: TaskFile, context: RunContext): Promise<RunnerOutcome> {
    const model = context.model ?? this.defaultModel;
    let connection: Connection | undefined;
    let relay: Relay | undefined;
    try {
      context.lease.signal.throwIfAborted();
      const sandbox = sandboxFor(task, context.cwd, this.options);
      const [prompt, ownSettings] = await unlessAborted(
        Promise.all([
          codexPrompt(task, this.options.promptFolders, context.feedback),
          readSettings(this.options.home),
        ]),
        context.lease.signal,
      );
      const local = await context.requireLocal(`${prompt.system}\n${prompt.user}`);
      requireLocalSandbox(sandbox, local);
      // A user's own settings can name servers for tools, which nobody can hold.
      const settings = local === null ? ownSettings : '';
      connection = await this.connect(model, context.lease.signal, { local });
      const [abilities] = await allEnded([
        this.#program.abilities([context.cwd]),
        this.#requireSandbox(sandbox, [context.cwd]),
        requireModel(connection, this.server(model)),
        ...(local === null ? [] : [refuseRemoteModel(connection, this.server(model))]),
      ]);
      const made = await this.#makeHome(context, sandbox, { instructions: prompt.system, settings });
      const { found, codexHome, own } = made;
      const trail = new CodexObservation(sandbox);
      relay = await this.#openRelay(connection, context, trail);
      const args = codexArguments(
        {
          ...wishesFrom(context, codexHome),
          model,
          baseUrl: relay.url,
          keyVariable: KEY_VARIABLE,
          commandPath: made.commandPath,
        },
        abilities,
      );
      const end = await this.#work(found.program, own, args, prompt, relay, codexHome, context, trail);
      return codexEnd({
        end,
        trail,
        relay,
        promptBytes: prompt.bytes,
        facts: { model, endpoint: this.endpoint.name, address: connection.address },
        signal: context.lease.signal,
      });
    } catch (error) {
      return this.failed(error, context.lease.signal, model, connection);
    } finally {
      await relay?.close();
      await connection?.close();
      await pruneCodexHome(context.statePath);
    }
  }

  async #makeHome(
    context: RunContext,
    sandbox: Sandbox,
    written: Parameters<typeof makeCodexHome>[2],
  ): Promise<{
    found: OwnProgram;
    codexHome: CodexHome;
    own: Readonly<Record<string, string>>;
    commandPath: ReturnType<typeof commandPath>;
  }> {
    const { hidden, secrets = [], programs = [], environment } = this.options;
    const found = await this.#program.found([context.cwd]);
    const path = environment['PATH'];
    const machine = { home: this.#home(), hidden, secrets, programs, sandbox, bin: found.program, path };
    const codexHome = await makeCodexHome(context, machine, written);
    const { box, confinement } = codexHome;
    const own = await boxEnvironment(box, { bin: found.program, path: found.path });
    const commands = commandPath(path, found.path, confinement === null ? null : box, own['PATH']);
    return { found, codexHome, own, commandPath: commands };
  }

  #openRelay(connection: Connection, context: RunContext, trail: CodexObservation): Promise<Relay> {
    return openRelay({
      connection,
      base: this.endpoint.url,
      allowed: ['POST /responses'],
      onAsked: (body) => {
        context.phase('loading');
        trail.request(body);
      },
      onBytes: (count) => {
        context.phase('running');
        context.lease.progress(count);
      },
    });
  }

  async #work(
    bin: string,
    own: Readonly<Record<string, string>>,
    args: string[],
    prompt: ModelPrompt,
    relay: Relay,
    { confinement }: CodexHome,
    context: RunContext,
    trail: CodexObservation,
  ): Promise<{ exitCode: number | null; signal: string | null }> {
    const { statePath, lease } = context;
    const cwd = confinement?.places.cwd ?? context.cwd;
    const eventsPath = join(statePath, 'events.jsonl');
    const errorsPath = join(statePath, 'errors.log');
    const strays = await strayFolders(
      confinement === null ? [] : writableOf(confinement.places),
      strayNote(statePath),
    );
    try {
      const program = {
        command: bin,
        args,
        cwd,
        environment: {
          ...directEnvironment(this.options.environment, confinement === null),
          ...own,
          [NO_GIT]: '/dev/null',
          [KEY_VARIABLE]: relay.key,
        },
        stdin: { text: prompt.user },
        stdoutPath: eventsPath,
        stderrPath: errorsPath,
      };
      const events = new LineReader(eventsPath);
      const errors = new LineReader(errorsPath);
      const look = async (): Promise<void> => {
        for (;;) {
          const count =
            (await events.read((line) => trail.event(line), { most: LOOK_BYTES })) +
            (await errors.read((line) => trail.error(line), { most: LOOK_BYTES }));
          if (count > 0) lease.progress(count);
          await appendOwn(lease.logPath, withoutKeys(trail.takeLog(), this.keys));
          if (count === 0) return;
        }
      };
      // Without a sandbox it ends its commands on SIGINT only; within one, on SIGTERM.
      const askSignal = confinement === null ? 'SIGINT' : 'SIGTERM';
      const executor = watchingExecutor(confinement?.places.watched ?? []);
      return await runProgram(executor, lease, program, {
        look,
        everyMs: LOOK_MS,
        askSignal,
        folder: statePath,
      });
    } finally {
      await strays.remove();
    }
  }

  /** Also where no network is forbidden: the commands of the model had none. */
  async executorFor(task: TaskFile, place: ExecutionPlace): Promise<Executor> {
    const sandbox = sandboxFor(task, place.cwd, this.options);
    if (sandbox === 'danger-full-access') return localExecutor;
    const { name, bin, hidden, secrets = [], programs = [], environment } = this.options;
    const path = environment['PATH'];
    return codexExecutor({ name, bin, path, sandbox, home: this.#home(), hidden, secrets, programs, place });
  }

  #home(): string {
    const { home } = this.options;
    if (home === null) throw new KoubouError('internal', 'A runner without a home was to run a task.');
    return home;
  }

  /** What was tried, in words. */
  async #requireSandbox(sandbox: Sandbox, inside: readonly string[] = []): Promise<string> {
    return sandbox === 'danger-full-access' ? 'without a sandbox' : this.#program.requireSandbox(inside);
  }
}

const wishesFrom = ({ outputPath, statePath, resume }: RunContext, { confinement }: CodexHome) => ({
  outputPath,
  instructionsPath: join(statePath, 'instructions.md'),
  confinement,
  resume: resume?.session ?? null,
});
