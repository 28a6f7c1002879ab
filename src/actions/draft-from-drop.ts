/** How a file that somebody dropped into pending/ becomes a task (queue/files/adopt.ts reads it). */
import { KoubouError } from '../errors.ts';
import { type NewTask, RECORD_VERSION } from '../task/record.ts';
import { draftTask, typeOf } from './draft.ts';
import { type Fields, readFields } from './fields.ts';
import { type Marking, markSensitive } from './mark-sensitive.ts';

export interface DropCircumstances {
  /** What paths in the file are relative to, and the folder its task works in: where the home lies. */
  cwd: string;
  /** For files that name none. */
  priority: number;
  nowMs: () => number;
  /** Words that, with a value beside them, make a task sensitive. */
  sensitivePatterns: readonly string[];
  /** Whether the task of that id must stay on this machine; absent: what a task waits for is not looked at. */
  isHeld?: Marking['isHeld'];
}

/**
 * Refuses with `usage` what could run a program or write outside of the home: whoever may put a file there
 * need not be allowed that. Also what would have to be read from elsewhere first.
 */
export const draftFromDrop =
  ({ cwd, priority, nowMs, sensitivePatterns: words, isHeld = async () => false }: DropCircumstances) =>
  async (given: Readonly<Record<string, unknown>>, prompt: string | null): Promise<NewTask> => {
    refuseVersion(given['version']);
    const fields = readFields(given, 'the file', nowMs());
    if (prompt !== null && prompt.trim() !== '') fields.prompt = prompt;
    refuseDangerous(fields);
    const draft = draftTask(fields, { cwd, createdBy: 'file', priority });
    const [marked = draft] = await markSensitive([draft], { words, isHeld });
    return marked;
  };

const refuseVersion = (version: unknown): void => {
  if (version === undefined || version === RECORD_VERSION) return;
  throw new KoubouError('usage', `version ${JSON.stringify(version)} of a task is not known here.`);
};

const refuseDangerous = (fields: Fields): void => {
  const { command, check, output, promptFile, schema, sandbox } = fields;
  if (typeOf(fields.type ?? 'general').type === 'command' || command !== undefined)
    throw refused('type command');
  if (check !== undefined) throw refused('check');
  if (output !== undefined) throw refused('output');
  if (promptFile !== undefined) throw refused('prompt_file');
  if (sandbox === 'danger-full-access') throw refused('sandbox danger-full-access');
  if (typeof schema === 'string') throw refused('the name of a schema file');
};

const refused = (what: string): KoubouError =>
  new KoubouError('usage', `${what} is not taken from a dropped file. Nothing was added.`, {
    hint: 'Add such a task with `koubou delegate`.',
  });
