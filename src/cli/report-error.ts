import { stripVTControlCharacters } from 'node:util';
import { errorDocument } from '../actions/error-document.ts';
import { ERROR_CODES, type ErrorCode, KoubouError, systemCode } from '../errors.ts';
import { toText, worded } from '../say/say.ts';
import { jsonLine } from '../text/harmless.ts';
import { nearest } from '../text/nearest.ts';
import { OutputClosed, OutputFailed, write } from './output.ts';

interface Circumstances {
  /** `koubou delegate`: what a hint can point to. */
  command: string;
  json: boolean;
  /** DEBUG names koubou: the stack is wanted too. */
  debug: boolean;
}

/** Tells the user of an error, the one way koubou does so, and returns the exit code that goes with it. */
export async function report(thrown: unknown, { command, json, debug }: Circumstances): Promise<number> {
  if (thrown instanceof OutputClosed) return 0;
  const error = asKoubouError(thrown, command);
  try {
    if (json) await write('stdout', `${jsonLine(errorDocument(error))}\n`);
    else await write('stderr', `Error: ${error.message}\n${error.hint}\n`);
    if (debug) await write('stderr', `${stackOf(thrown)}\n`);
  } catch (failed) {
    if (!(failed instanceof OutputClosed)) throw failed;
  }
  return error.exitCode;
}

function asKoubouError(thrown: unknown, command: string): KoubouError {
  if (thrown instanceof KoubouError) {
    const said = worded(thrown.said);
    const isUsual = thrown.code === 'usage' && said.hint === toText(ERROR_CODES.usage.hint);
    const hint = isUsual ? `See ${command} --help` : said.hint;
    return new KoubouError(thrown.code, withoutOclifFrame(said.message), { hint, cause: thrown });
  }
  if (isParseError(thrown)) {
    return new KoubouError('usage', withoutOclifFrame(thrown.message), {
      hint: hintFor(thrown, `See ${command} --help`),
      cause: thrown,
    });
  }
  if (thrown instanceof OutputFailed) {
    return new KoubouError('internal', `What this command says could not be written: ${thrown.message}`, {
      hint: 'What it was asked to do is done as far as that; `koubou status` and `koubou list` show it.',
      cause: thrown,
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const state = MACHINE[systemCode(thrown) ?? ''];
  if (state === undefined) return new KoubouError('internal', message, { cause: thrown });
  const [code, hint] = state;
  return new KoubouError(code, `This did not go through: ${message}`, { hint, cause: thrown });
}

const FULL = ['disk_full', 'Free some space, then try again.'] as const;
const REFUSED = [
  'internal',
  'Check who may write there, and that its disk is not mounted read-only.',
] as const;
const TOO_MANY = [
  'internal',
  'Too many files are open on this machine: close some, or raise `ulimit -n`.',
] as const;

/** What the system says of the state of the machine, which is no fault of koubou. */
const MACHINE: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: REFUSED,
  EACCES: REFUSED,
  EPERM: REFUSED,
  EMFILE: TOO_MANY,
  ENFILE: TOO_MANY,
};

/** oclif marks what its parser refuses; anything else that comes along is a fault of ours. */
function isParseError(thrown: unknown): thrown is Error & { flags?: string[]; parse?: ParseInfo } {
  return thrown instanceof Error && 'oclif' in thrown;
}

interface ParseInfo {
  input?: { flags?: Record<string, unknown> };
}

function hintFor({ flags, parse }: { flags?: string[]; parse?: ParseInfo }, general: string): string {
  const unknown = flags?.[0];
  if (unknown === undefined) return general;
  const known = Object.keys(parse?.input?.flags ?? {});
  if (/\s/.test(unknown) && known.includes('prompt-file')) {
    return 'A prompt that starts with - is best piped in: --prompt-file -';
  }
  const name = nearest(unknown.replace(/^--?|=.*/gs, ''), known);
  return name ? `Did you mean --${name}? ${general}` : general;
}

function withoutOclifFrame(message: string): string {
  return stripVTControlCharacters(message)
    .replace(/\nSee more help with --help$/, '')
    .replace(/^The following errors? occurred:\s+/, '')
    .replace(/^Parsing (--\S+) \n\t/, '$1: ')
    .replace(/^(--\S+?)=.* cannot also be provided when using (--\S+)$/, '$2 and $1 cannot both be given')
    .replace(/^All of the following must be provided when using (--\S+): (--\S+)$/, '$1 needs $2 as well')
    .replace(/^Nonexistent flag/, 'Unknown flag');
}

function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause === undefined
    ? `${thrown.stack}`
    : `${thrown.stack}\nCaused by: ${stackOf(thrown.cause)}`;
}
