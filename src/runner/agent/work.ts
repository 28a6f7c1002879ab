/**
 * One run of an agent's program: started, read along, and judged. Its exit code is not taken for it: 0 says only that it
 * ended, so its output has to be there and to say what the entry calls success.
 */
import { KoubouError } from '../../errors.ts';
import type { Executor } from '../../executor/executor.ts';
import { runProgram } from '../../executor/run-program.ts';
import { replaceOwn, sizeOfOwn } from '../../names/own-file.ts';
import type { OwnProgram } from '../../process/programs/own-path.ts';
import type { ProgramEnd } from '../../process/programs/start-program.ts';
import { hasInk } from '../../text/ink.ts';
import { directEnvironment } from '../connection/direct-environment.ts';
import { hasRoom } from '../program/disk-space.ts';
import type { RunContext } from '../runner.ts';
import type { AgentOptions } from './entry.ts';
import type { AgentFiles } from './files.ts';
import { verdictOn } from './judge-exit.ts';
import { AgentLogText } from './log-text.ts';
import type { Reading } from './output.ts';
import type { AgentRelay } from './relay.ts';
import { invocationOf } from './template.ts';

/** Between two looks at what was printed. */
const LOOK_MS = 250;
/** Programs refuse an empty key, even where the server wants none. */
const NO_KEY = 'local';

export interface AgentWork {
  options: AgentOptions;
  context: RunContext;
  model: string | null;
  files: AgentFiles;
  executor: Executor;
  relay: AgentRelay | null;
  /** Throws KoubouError `no_program`. */
  found: () => Promise<OwnProgram>;
}

/** Throws KoubouError `no_program`, `disk_full`; what ended the run. */
export const workAgent = async (
  work: AgentWork,
): Promise<Reading & { verdict: ReturnType<typeof verdictOn> }> => {
  const { context, files } = work;
  const { entry, name } = work.options;
  const printout = await AgentLogText.open(files.stdout, context.lease);
  try {
    const end = await started(work, printout);
    context.lease.signal.throwIfAborted();
    const printed = await hasBytes(files.stdout);
    const reading = await files.read();
    if (reading.text !== undefined) await replaceOwn(context.outputPath, reading.text);
    if (end.exitCode !== 0 && !(await hasRoom(context.outputPath))) {
      throw new KoubouError('disk_full', 'The disk is full: the output of a program has no place.');
    }
    const hasText = hasInk(reading.text ?? 'printed') && (await hasBytes(context.outputPath));
    const lastLines = await printout.lastLines();
    return {
      ...reading,
      verdict: verdictOn({ name, end, reading, output: entry.output, hasText, printed, lastLines }),
    };
  } finally {
    await printout.close();
    await files.tidy();
  }
};

const started = async (
  { options, context, model, files, executor, relay, found }: AgentWork,
  printout: AgentLogText,
): Promise<ProgramEnd> => {
  const { name, entry, environment, apiKey } = options;
  const { args, env } = invocationOf(entry, {
    ...(relay?.urls ?? { base_url: '', server_url: '' }),
    prompt_file: files.prompt,
    output_file: files.answer,
    cwd: context.cwd,
    model: model ?? '',
    api_key: relay?.key ?? apiKey ?? NO_KEY,
    state: context.statePath,
  });
  const isCut = relay !== null && relay.socket !== null;
  const program = {
    command: (await found()).program,
    args,
    cwd: context.cwd,
    // A koubou that the model calls is called by an agent, whether that agent says so or not.
    environment: {
      ...(relay === null ? environment : directEnvironment(environment, !isCut)),
      KOUBOU_CALLER: 'agent',
      ...env,
    },
    stdin: entry.stdin === 'prompt' ? { file: files.prompt } : ('closed' as const),
    stdoutPath: files.stdout,
    stderrPath: context.lease.logPath,
  };
  return runProgram(executor, context.lease, program, {
    look: () => printout.look(name),
    everyMs: LOOK_MS,
    askSignal: entry.stop_signal,
    folder: context.statePath,
  });
};

const hasBytes = async (path: string): Promise<boolean> => (await sizeOfOwn(path)) > 0;
