/** What the end and the output of an agent CLI mean, in the order in which they outweigh each other. Pure. */
import { type ErrorInfo, errorInfo } from '../../errors.ts';
import type { ProgramEnd } from '../../process/programs/start-program.ts';
import { action, say } from '../../say/say.ts';
import { asksForPerson, type OutputRules, type Reading } from './output.ts';

export interface Ended {
  name: string;
  end: ProgramEnd;
  reading: Reading;
  output: OutputRules['output'];
  /** The result, wherever it was found, holds more than white space. */
  hasText: boolean;
  /** The program printed more than white space, or nothing was to be read from what it prints. */
  printed: boolean;
  /** What it printed last. */
  lastLines: string;
}

const SAID_CHARACTERS = 2000;

/** Why the run failed, or null where nothing speaks against it; whether it ended is the reading's to say. */
export const verdictOn = (ended: Ended): ErrorInfo | null => {
  const { name, end, reading, output, hasText, printed, lastLines } = ended;
  const { fault, text } = reading;
  const quoted = (said: string): string => (said === '' ? '.' : `:\n${said.slice(0, SAID_CHARACTERS)}`);
  if (end.exitCode !== 0) {
    const how = end.signal === null ? `ended with exit code ${end.exitCode}` : `was killed by ${end.signal}`;
    // What it gives as its answer is then what it says of its failure.
    const said = fault === undefined ? lastLines : text || fault.words;
    return errorInfo(asksForPerson(said) ? 'needs_input' : 'exit_nonzero', `${name} ${how}${quoted(said)}`);
  }
  if (fault !== undefined) return errorInfo(fault.code, `${name} ${fault.words}${quoted(text ?? '')}`);
  const form = output.json === undefined ? 'lines of JSON' : 'a JSON document';
  const parsed = output.json !== undefined || output.jsonl !== undefined;
  if (parsed && printed && !reading.readable) return unreadable(name, `is not ${form}`);
  if (output.json !== undefined && printed && text === undefined) {
    return unreadable(name, `has nothing at ${output.json}`);
  }
  if (!hasText && (reading.ended || !printed)) {
    return errorInfo('empty_output', `${name} ended well and answered with nothing.`);
  }
  return null;
};

const unreadable = (name: string, what: string): ErrorInfo =>
  errorInfo(
    'usage',
    `The output of ${name} ${what}, as runners.${name}.output says it is.`,
    say`Correct it in config/agent.yaml; ${action('logs')} shows what was printed.`,
  );
