/** Many tasks in one request: a line of JSON for each. */
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import type { Fields } from '../../task/fields/asked-task.ts';
import { readBatch } from './fields.ts';
import { type SourcesApp, sourcesFor } from './sources.ts';

export interface Batch {
  lines: readonly Fields[];
  /** Whether they came from stdin: nothing else can, then. */
  isStdin: boolean;
}

/** As it begins a message. */
export const BATCH = 'The batch';

/** The lines of a file of JSON lines, or of stdin for `-`. Throws `usage` and `not_allowed`. */
export const readBatchFile = async (
  app: SourcesApp & Pick<App, 'clock'>,
  path: string,
  stdin: Uint8Array | undefined,
): Promise<Batch> => {
  requireAllowed(app.caller, 'delegate', { undone: 'Nothing was added.' });
  const isStdin = path === '-';
  const text = await sourcesFor(app, { bytes: stdin }).text(path, BATCH);
  return { lines: readBatch(text, isStdin ? 'stdin' : path, app.clock.wallMs()), isStdin };
};

/** Each line with what is meant for all. */
export const linesOf = ({ lines }: Batch, general: Fields): Fields[] =>
  lines.map((line) => merged(general, line));

/** A line's own prompt takes the place of the one that is meant for all. */
const merged = (general: Fields, own: Fields): Fields => {
  const hasPrompt = own.prompt !== undefined || own.promptFile !== undefined;
  return {
    ...general,
    ...(hasPrompt ? { prompt: undefined, promptFile: undefined } : {}),
    ...own,
    labels: { ...general.labels, ...own.labels },
    // What is said for all to keep it here, no line takes back.
    sensitive: general.sensitive === true || own.sensitive,
    localOnly: general.localOnly === true || own.localOnly,
    ...(general.set || own.set ? { set: { ...general.set, ...own.set } } : {}),
  };
};
