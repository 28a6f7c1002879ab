import { fstatSync } from 'node:fs';
import { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import * as Flags from '@oclif/core/flags';
import { callerEnvironment } from '../actions/callers/caller-environment.ts';
import type { AnyDocument } from '../actions/documents.ts';
import { type App, type AppRequest, openApp } from '../app/app.ts';
import { toText, type Words } from '../say/say.ts';
import { jsonLine } from '../text/harmless.ts';
import { currentFolder } from './current-folder.ts';
import { write, writeDrawn } from './output.ts';

interface HomeFlags {
  home?: string | undefined;
  reveal?: boolean;
}

/** What every command has: the shared flags, its way to print, and the only door to the process around it. */
export abstract class BaseCommand extends Command {
  /** What followed the first `--`; set once by main. */
  static words: string[] | undefined;

  /** Whether what follows `--` is something of its own; else it is more arguments that may start with `-`. */
  static takesWords = false;

  static override baseFlags = {
    json: Flags.boolean({ summary: 'Print one JSON document.', helpGroup: 'GLOBAL' }),
    home: Flags.string({
      summary: 'Use this .koubou folder.',
      helpValue: 'DIR',
      helpGroup: 'GLOBAL',
    }),
  };

  /** oclif's own `run` would load the whole configuration a second time. */
  static override async run<T extends Command>(
    this: (new (argv: string[], config: Config) => T) & { takesWords?: boolean },
    argv: string[] = [],
    config?: unknown,
  ): Promise<ReturnType<T['run']>> {
    const { words } = BaseCommand;
    const all = words === undefined || this.takesWords ? argv : [...argv, '--', ...words];
    const command = new this(all, config as Config);
    return (command as unknown as { _run(): Promise<ReturnType<T['run']>> })._run();
  }

  #environment: Readonly<NodeJS.ProcessEnv> | undefined;

  get words(): readonly string[] | undefined {
    return BaseCommand.words;
  }

  get environment(): Readonly<NodeJS.ProcessEnv> {
    this.#environment ??= callerEnvironment(process.env);
    return this.#environment;
  }

  get cwd(): string {
    return currentFolder();
  }

  /** What an app is opened with; that a home is only looked at is said on stderr. */
  appRequest({ home, reveal = false }: HomeFlags, purpose: AppRequest['purpose']): AppRequest {
    const warn = (line: Words): void => this.hint(line);
    return { home, reveal, environment: this.environment, cwd: this.cwd, purpose, warn };
  }

  app(flags: HomeFlags, purpose: AppRequest['purpose']): Promise<App> {
    return openApp(this.appRequest(flags, purpose));
  }

  /** Text on stdout, with a newline at its end unless it brings one. */
  async print(text: string): Promise<void> {
    await write('stdout', text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Text that was drawn with a Screen, on stdout. */
  async printDrawn(text: string): Promise<void> {
    await writeDrawn('stdout', text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Text on stdout as it is. */
  async printRaw(content: string): Promise<void> {
    await write('stdout', content);
  }

  /** One JSON document, on one line. */
  async printJson(document: AnyDocument): Promise<void> {
    await write('stdout', `${jsonLine(document)}\n`);
  }

  /** Not awaited by callers: nobody waits for a remark, and one that cannot be shown fails nothing. */
  override warn(message: string): string {
    this.hint(`Warning: ${message}`);
    return message;
  }

  hint(message: Words): void {
    write('stderr', `${toText(message)}\n`).catch(() => {});
  }

  /** Says whose task `last` is, where the caller added none. */
  readonly tellOther = (id: string, createdBy: string): void =>
    this.hint(`You added no task yet; this is the newest of all, which ${createdBy} added: ${id}`);

  /** For an ending that is no error: a task that failed (1), a time limit that passed (4). */
  exitWith(code: number): void {
    process.exitCode = code;
  }

  /** Whether something was piped or redirected in; a terminal, /dev/null and a closed stdin are not. */
  get stdinIsPiped(): boolean {
    try {
      const stat = fstatSync(0);
      return stat.isFIFO() || stat.isFile() || stat.isSocket();
    } catch {
      return false;
    }
  }

  /** All of stdin, to its end, however many bursts it comes in. */
  async readStdin(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  }

  /** Whether a person at the terminal says yes; anything else is a no. */
  async ask(question: string): Promise<boolean> {
    return this.askLines(async (ask) => /^y(es)?$/i.test((await ask(question)).trim()));
  }

  /** Asks for lines at the terminal; an answer is empty where it was closed. */
  async askLines<T>(use: (ask: (question: string) => Promise<string>) => Promise<T>): Promise<T> {
    const { createInterface } = await import('node:readline');
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    // Lines that were typed ahead wait here for their questions.
    const typed = lines[Symbol.asyncIterator]();
    try {
      return await use(async (question) => {
        await write('stderr', question);
        const { value, done } = await typed.next();
        return done === true ? '' : value;
      });
    } finally {
      lines.close();
    }
  }

  /** Errors are told in one place, by main. */
  protected override async catch(error: unknown): Promise<never> {
    throw error;
  }
}
