/** The flags of `koubou delegate`, and what they ask for. Those of a task are made of the rows of task/fields/fields.ts. */
import type { BooleanFlag, OptionFlag } from '@oclif/core/interfaces';
import { KoubouError } from '../../errors.ts';
import {
  type FieldName,
  type Fields,
  type FlagForms,
  fieldRows,
  flagNameOf,
  propertyOf,
} from '../../task/fields/asked-task.ts';
import type { FieldRow, FlagForm } from '../../task/fields/field-types.ts';
import { boolean, duration, integer, repeatable, text } from './flags.ts';
import { readLabels } from './labels.ts';

/** What oclif makes of a flag of each form, and the value that it gives. */
interface Forms {
  text: { flag: OptionFlag<string | undefined>; value: string };
  repeatable: { flag: OptionFlag<string[] | undefined>; value: string[] };
  boolean: { flag: BooleanFlag<boolean>; value: boolean };
  integer: { flag: OptionFlag<number | undefined>; value: number };
  duration: { flag: OptionFlag<number | undefined>; value: number };
}

const MAKE: { [Form in FlagForm]: (row: Described, type: FieldRow['type']) => Forms[Form]['flag'] } = {
  text: (described) => text({ ...described }),
  repeatable: (described) => repeatable(described),
  boolean: ({ summary }) => boolean({ summary }),
  integer: (described, { bounds }) => integer({ ...described, ...bounds }),
  duration: (described) => duration(described),
};

interface Described {
  summary: string;
  helpValue?: string;
  exclusive?: string[];
}

const flagOf = ({ flag, type }: Required<Pick<FieldRow, 'flag' | 'type'>>): Forms[FlagForm]['flag'] => {
  const { summary, helpValue, exclusive } = flag;
  const described = {
    summary,
    ...(helpValue !== undefined && { helpValue }),
    ...(exclusive !== undefined && { exclusive: [...exclusive] }),
  };
  return MAKE[type.flag](described, type);
};

const taskFlags = Object.fromEntries(
  fieldRows().flatMap(([name, row]) => {
    const { flag, type } = row;
    return flag === undefined ? [] : [[flagNameOf(name, row), flagOf({ flag, type })]];
  }),
) as { [Name in keyof FlagForms]: Forms[FlagForms[Name]]['flag'] };

export const delegateFlags = {
  ...taskFlags,
  wait: boolean({ summary: 'Wait for the task and print its result.', aliases: ['sync'] }),
  'wait-timeout': duration({
    summary: 'Stop waiting after this time; the task goes on.',
    dependsOn: ['wait'],
  }),
  each: text({
    summary: 'Add one task per file; {file} {dir} {name} {stem} {ext} are filled in.',
    helpValue: 'GLOB',
    exclusive: ['batch'],
  }),
  batch: text({
    summary: 'Add one task per line of JSON, with these flags as keys; - reads stdin.',
    helpValue: 'FILE',
  }),
  'skip-existing': boolean({ summary: 'Skip files whose output exists already.' }),
};

/** As oclif parses them. */
export type DelegateFlags = { [Name in keyof FlagForms]?: Forms[FlagForms[Name]]['value'] | undefined };

/** Only what was said: the rest is the config's. `command` are the words after `--`. */
export const fieldsOf = (
  flags: DelegateFlags,
  prompt: string | undefined,
  command: readonly string[] | undefined,
  nowMs: number,
): Fields => {
  const said = fieldRows().flatMap(([name, row]): [string, unknown][] => {
    const flag = flagNameOf(name, row);
    const written = flag && flags[flag];
    if (written === undefined || written === false) return [];
    const read = TYPED[name] ?? row.type.read;
    return [[propertyOf(row.fills ?? name), read(written, nowMs)]];
  });
  const prompts = { ...(prompt === '-' ? { promptFile: '-' } : { prompt }), command };
  const all = [...said, ...Object.entries(prompts)];
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
};

const parseContext = (written: unknown): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(String(written));
  } catch {
    // Said below, as for JSON that is no object.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new KoubouError('usage', '--context is no JSON object. Nothing was added.', {
    hint: `Write it as --context '{"language": "ja"}'.`,
  });
};

/** What is read otherwise where it is typed. */
const TYPED: Partial<Record<FieldName, FieldRow['type']['read']>> = {
  context: parseContext,
  labels: (written) => readLabels(written as string[]),
};
