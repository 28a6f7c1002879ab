/**
 * Marks the tasks that must stay on this machine when they are added, so that routing and people see it. The daemon
 * looks again at what is really sent: that look is the one that counts.
 */
import type { FileHandle } from 'node:fs/promises';
import { parse } from 'node:path';
import type { Attached } from '../../names/places.ts';
import type { NewTask } from '../../task/record.ts';
import { decodeLoosely } from '../../text/formats/decode-text.ts';
import { isPlainText } from '../../text/formats/plain-text.ts';

export interface Marking {
  /** Words that, with a value beside them, make a task sensitive. */
  words: readonly string[];
  /** Whether the task of that id must stay. */
  isHeld: (id: string) => Promise<boolean>;
}

/** Secrets stand in small files, or early; adding a task must stay quick. */
const LOOKED_AT_BYTES = 1024 * 1024;

export const markSensitive = async (
  tasks: readonly NewTask[],
  { words, isHeld }: Marking,
): Promise<NewTask[]> => {
  const known = new Map<string, string | undefined>();
  // A model's server gets the name, too.
  const inFile = remembered(async (path) => {
    const text = await beginningOf({ path, place: known.get(path) });
    return hasSecret(`${path}\n${parse(path).name}\n${text}`, words);
  });
  const isParentHeld = remembered(isHeld);
  const marked: NewTask[] = [];
  for (const task of tasks) {
    const { type, files, places, after, after_any } = task;
    for (const { path } of files) known.set(path, places?.[path]);
    // A command sends nothing by koubou, and cannot be held: only its caller can say that it must be.
    const holds =
      !task.sensitive &&
      type !== 'command' &&
      ((await holdsSecret(task, words)) ||
        (await some(files, ({ path }) => inFile(path))) ||
        (await some([...after, ...after_any], isParentHeld)));
    marked.push(holds ? { ...task, sensitive: true } : task);
  }
  return marked;
};

/** In what the task itself holds; its files are left aside. */
const holdsSecret = async (
  { prompt, context, options }: NewTask,
  words: readonly string[],
): Promise<boolean> => {
  const { system = '', schema, set = {} } = options;
  const values = [context, schema, set].filter((value) => !isNothing(value));
  const parts = [system, prompt, ...values.map((value) => JSON.stringify(value))];
  return hasSecret(parts.filter((part) => part !== '').join('\n'), words);
};

const isNothing = (value: unknown): boolean =>
  value == null || (typeof value === 'object' && Object.keys(value).length === 0);

const hasSecret = async (text: string, words: readonly string[]): Promise<boolean> => {
  if (isPlainText(text, words)) return false;
  const { findSecret } = await import('../../privacy/secrets.ts');
  return (await findSecret(text, words)) !== undefined;
};

const some = async <T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<boolean> => {
  for (const item of items) if (await holds(item)) return true;
  return false;
};

const remembered = (ask: (name: string) => Promise<boolean>): ((name: string) => Promise<boolean>) => {
  const known = new Map<string, Promise<boolean>>();
  return (name) => {
    const answer = known.get(name) ?? ask(name);
    known.set(name, answer);
    return answer;
  };
};

/** What cannot be read here holds nothing: the daemon will say so, or look for itself. */
const beginningOf = async (attached: Attached): Promise<string> => {
  let file: FileHandle | undefined;
  try {
    const { openAttached } = await import('../../names/attached.ts');
    file = await openAttached(attached);
    const bytes = Buffer.alloc(LOOKED_AT_BYTES);
    const { bytesRead } = await file.read(bytes);
    return decodeLoosely(bytes.subarray(0, bytesRead));
  } catch {
    return '';
  } finally {
    await file?.close();
  }
};
