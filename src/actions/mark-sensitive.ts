/**
 * Marks the tasks that hold secrets when they are added, so that routing and people see it. The daemon looks again at
 * what is really sent: that look is the one that counts.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { NewTask } from '../task/record.ts';
import { findSecret } from '../text/secrets.ts';

/** Secrets stand in small files, or early; adding a task must stay quick. */
const LOOKED_AT_BYTES = 1024 * 1024;

export const markSensitive = (tasks: readonly NewTask[], words: readonly string[]): NewTask[] => {
  const files = new Map<string, boolean>();
  const inFile = (path: string): boolean => {
    const known = files.get(path) ?? findSecret(beginningOf(path), words) !== undefined;
    files.set(path, known);
    return known;
  };
  return tasks.map((task) =>
    // A command sends nothing by koubou, and cannot be held: only its caller can say that it must be.
    task.sensitive ||
    task.type === 'command' ||
    !(holdsSecret(task, words) || task.files.some(({ path }) => inFile(path)))
      ? task
      : { ...task, sensitive: true },
  );
};

/** In what the task itself holds; its files are left aside. */
export const holdsSecret = (
  { prompt, context, options }: Pick<NewTask, 'prompt' | 'context' | 'options'>,
  words: readonly string[],
): boolean =>
  findSecret([options.system ?? '', prompt, JSON.stringify(context)].join('\n'), words) !== undefined;

/** What cannot be read here holds nothing: the daemon will say so, or look for itself. */
const beginningOf = (path: string): string => {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const bytes = Buffer.alloc(LOOKED_AT_BYTES);
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
};
