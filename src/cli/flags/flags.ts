// Every flag and argument of koubou is made here, so that none of them reads stdin by oclif's own way (it
// takes the first chunk and eats the input of a shell's `while read`) and none takes more than one value a time.

import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { OptionFlag } from '@oclif/core/interfaces';
import { KoubouError } from '../../errors.ts';
import { parseDuration } from '../../text/duration.ts';

export { boolean, option as choice, string as text } from '@oclif/core/flags';

interface Described {
  summary: string;
  helpValue?: string;
  exclusive?: string[];
  dependsOn?: string[];
  hidden?: boolean;
}

interface Bounds extends Described {
  min?: number;
  max?: number;
}

/** A flag that may be given many times, one value each: `--file a.md --file b.md`. */
export const repeatable = (options: Described) =>
  Flags.string({ ...options, multiple: true, multipleNonGreedy: true });

/** A whole number within bounds. */
export function integer(options: Bounds & { default: number }): OptionFlag<number>;
export function integer(options: Bounds): OptionFlag<number | undefined>;
export function integer(options: Bounds): OptionFlag<number> | OptionFlag<number | undefined> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options;
  return numeric(options, (input) => {
    const value = Number(input);
    if (/^[+-]?\d+$/.test(input) && value >= min && value <= max) return value;
    throw new KoubouError('usage', `'${input}' is not ${wanted(options)}`);
  });
}

/** A span of time, in seconds: `90`, `120s`, `10m`, `2h`, `1d`. */
export function duration(options: Described & { default: number }): OptionFlag<number>;
export function duration(options: Described): OptionFlag<number | undefined>;
export function duration(options: Described): OptionFlag<number> | OptionFlag<number | undefined> {
  return numeric({ helpValue: '10m', ...options }, readDuration);
}

function numeric(options: Described, parse: (input: string) => number): OptionFlag<number | undefined> {
  return Flags.custom<number>({ ...options, parse: async (input) => parse(input) })();
}

const readDuration = (input: string): number => {
  const seconds = parseDuration(input);
  if (seconds !== undefined) return seconds;
  throw new KoubouError('usage', `'${input}' is not a time: write 90, 120s, 10m, 2h or 1d`);
};

/** A word of the command line that is no flag. */
export const argument = (options: { description: string; required?: boolean }) =>
  Args.string({ ...options, ignoreStdin: true });

/** What an agent's caller has to say, so that what must stay is not read by a model elsewhere unawares. */
export const revealFlag = () =>
  Flags.boolean({
    summary: 'For agents: also show what must stay on this machine; it then leaves the machine.',
  });

/** All words of the command line that are no flags; the last of a command's arguments. */
export const restArguments = (options: { description: string; required?: boolean }) =>
  Args.string({ ...options, multiple: true, ignoreStdin: true });

function wanted({ min, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return `a whole number from ${min} to ${max}`;
  if (min !== undefined) return `a whole number of at least ${min}`;
  if (max !== undefined) return `a whole number of at most ${max}`;
  return 'a whole number';
}
