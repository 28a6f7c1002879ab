/** Asks a program about itself (--help, --version): short answers, within a limit of time. */
import { requireProgram } from './find-program.ts';

export interface ProgramAnswer {
  /** null: it did not end by itself in time. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

const LIMIT_BYTES = 1024 * 1024;

/** Throws KoubouError `no_program` where there is no such program. What it starts is ended with it. */
export const askProgram = async (
  command: string,
  args: readonly string[],
  {
    cwd,
    environment,
    limitMs,
    gives,
  }: {
    cwd: string;
    environment: Readonly<Record<string, string>>;
    limitMs: number;
    /** As of startProgram. */
    gives?: Uint8Array;
  },
): Promise<ProgramAnswer> => {
  await requireProgram(command, cwd, environment['PATH']);
  const { execa } = await import('execa');
  const { exitCode, stdout, stderr } = await execa(command, args, {
    cwd,
    env: { ...environment },
    extendEnv: false,
    stdio: ['ignore', 'pipe', 'pipe', ...(gives === undefined ? [] : (['ignore', gives] as const))],
    reject: false,
    timeout: limitMs,
    killSignal: 'SIGKILL',
    maxBuffer: LIMIT_BYTES,
  });
  return { exitCode: exitCode ?? null, stdout, stderr };
};
