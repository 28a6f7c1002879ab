/** What somebody was told has happened, kept where the power does not go away, and whether it is still so. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Census } from '../../test/support/census/census.ts';

export type Acknowledged =
  | { what: 'added'; id: string; sha256: string }
  | { what: 'settled'; id: string; run: number; state: string; output: string; published: string | null }
  | { what: 'cancelled'; id: string }
  /** A running task was asked to end. */
  | { what: 'asked'; id: string }
  /** Said before it is asked for: it may have been done when nobody could say so any more. */
  | { what: 'retrying'; id: string }
  /** `run` is one that the task had before. */
  | { what: 'retried'; id: string; run: number };

export const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

export const readAcknowledged = (path: string): Acknowledged[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Acknowledged);

export interface Damage {
  lost: string[];
  torn: string[];
}

/** What of it does not hold in a home that was swept since; each acknowledgement once. */
export const damage = (home: string, { tasks }: Census, told: readonly Acknowledged[]): Damage => {
  const found: Damage = { lost: [], torn: [] };
  const retried = new Set(told.flatMap((entry) => (entry.what === 'retrying' ? [entry.id] : [])));
  for (const entry of told) {
    const task = tasks.get(entry.id);
    const why =
      task === undefined
        ? lost(`the task is nowhere${traces(home, entry.id)}`)
        : judge(home, task, entry, retried.has(entry.id));
    if (why !== undefined) found[why.kind].push(`${JSON.stringify(entry)}: ${why.words}`);
  }
  return found;
};

/** What is left of a task that is nowhere. */
const traces = (home: string, id: string): string => {
  const names = readdirSync(home, { recursive: true, encoding: 'utf8' });
  const found = names.filter((name) => name.includes(id));
  return found.length === 0 ? '' : `; there is ${found.join(', ')}`;
};

interface Why {
  kind: keyof Damage;
  words: string;
}
const lost = (words: string): Why => ({ kind: 'lost', words });
const torn = (words: string): Why => ({ kind: 'torn', words });

type Task = Census['tasks'] extends Map<string, infer T> ? T : never;

const judge = (home: string, task: Task, entry: Acknowledged, retried: boolean): Why | undefined => {
  const { id, state, run } = task;
  const where = lost(`it is ${state} with run ${run}`);
  const result = (name: string): string => join(home, 'results', dayOf(id), id, name);
  switch (entry.what) {
    case 'added':
      return promptDigest(task.path) === entry.sha256 ? undefined : torn('it is not what was asked for');
    case 'settled': {
      const outcome = readJson(result(`run-${entry.run}.json`));
      if (outcome === null) return lost('its outcome is not there');
      if (outcome?.['attempt'] !== entry.run) return torn('its outcome cannot be read');
      if (entry.state === 'failed') return state === 'failed' || retried ? undefined : where;
      if (entry.state !== 'completed') return run < entry.run ? where : undefined;
      if (state !== 'completed') return where;
      const files = [
        result(`run-${entry.run}.output`),
        ...(entry.published === null ? [] : [entry.published]),
      ];
      const other = files.find((path) => digest(path) !== entry.output);
      return other === undefined ? undefined : torn(`${other} is not what came out`);
    }
    case 'cancelled': {
      const outcome = readJson(result(`run-${run}.json`));
      const code = (outcome?.['error'] as { code?: string } | null | undefined)?.code;
      return retried || (state === 'failed' && code === 'cancelled') ? undefined : where;
    }
    case 'asked':
      return retried || state === 'failed' || state === 'completed' ? undefined : where;
    case 'retried':
      return (state === 'failed' || state === 'completed') && run <= entry.run ? where : undefined;
    case 'retrying':
      return undefined;
  }
};

const digest = (path: string): string | undefined => {
  try {
    return sha256(readFileSync(path));
  } catch {
    return undefined;
  }
};

const dayOf = (id: string): string => id.replace(/^task_(\d{4})(\d\d)(\d\d)_.*$/, '$1-$2-$3');

/** null: nothing lies there. undefined: what lies there is no JSON. */
const readJson = (path: string): Record<string, unknown> | null | undefined => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    return error instanceof SyntaxError ? undefined : null;
  }
};

const promptDigest = (path: string): string | undefined => {
  const prompt = readJson(path)?.['prompt'];
  return typeof prompt === 'string' ? sha256(prompt) : undefined;
};
