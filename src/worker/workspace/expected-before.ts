/**
 * What of a task's expected files was there before its work, looked at once and kept beside its outcomes: what an
 * earlier attempt made counts as made, also where its daemon was killed. A worktree is made anew for each attempt, and
 * so is the look at it.
 */
import { link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { createOwn, readOwn } from '../../names/own-file.ts';
import { halfMadePath, removeHalfMade } from '../../process/half-made.ts';
import { unlessAborted } from '../../process/unless-aborted.ts';
import type { Claim } from '../../queue/queue.ts';
import { ExpectedBefore, lookBefore } from '../../verify/expected-before.ts';
import type { Workspace } from './workspace.ts';

const MOST_BYTES = 16 * 1024 * 1024;

/** undefined: the task expects no files, or takes them as they were. */
export const expectedBefore = async (
  { scratch }: Pick<Claim, 'scratch'>,
  { task, cwd, isWorktree }: Pick<Workspace, 'task' | 'cwd' | 'isWorktree'>,
  signal: AbortSignal,
): Promise<ExpectedBefore | undefined> => {
  const { expect = [], expect_existing } = task.options;
  if (expect.length === 0 || expect_existing === true) return undefined;
  const look = (): Promise<ExpectedBefore> => unlessAborted(lookBefore(expect, cwd, { signal }), signal);
  if (isWorktree) return look();
  const path = join(scratch.taskFolder, 'expected.json');
  const kept = await keptAt(path);
  if (kept !== undefined) return kept;
  const seen = await look();
  await keep(path, `${JSON.stringify(seen)}\n`);
  return seen;
};

/** Whole, and in the place of none that is there by now: an earlier look is the better one. */
const keep = async (path: string, text: string): Promise<void> => {
  removeHalfMade(path);
  const draft = halfMadePath(path);
  try {
    const file = await createOwn(draft);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

/** What is not koubou's writing counts as none. */
const keptAt = async (path: string): Promise<ExpectedBefore | undefined> => {
  let text: string | undefined;
  try {
    text = (await readOwn(path, MOST_BYTES))?.toString('utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  return text === undefined ? undefined : ExpectedBefore.safeParse(parsed(text)).data;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
