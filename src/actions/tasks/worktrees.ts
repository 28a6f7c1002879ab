/** What runs in worktrees of their own left: shown, applied to the user's work tree, or thrown away. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { requireSeal } from '../../app/open-home.ts';
import { KoubouError } from '../../errors.ts';
import { settingsBelow } from '../../executor/guarded/obeyed-places.ts';
import { Reserved } from '../../names/reserved.ts';
import { keyFolders } from '../../process/homes/key-folders.ts';
import { homesOf } from '../../process/homes/registered-homes.ts';
import type { Queue } from '../../queue/queue.ts';
import { action, field, say, type Words } from '../../say/say.ts';
import { isEnded } from '../../task/lifecycle.ts';
import type { TaskRecord } from '../../task/record.ts';
import type { Seal } from '../../text/seal.ts';
import { applyWorktree, undoKilledApply, type Wanted } from '../../worktree/apply/apply.ts';
import { readWorktree, type WorktreeRecord, writeWorktree } from '../../worktree/record.ts';
import { discardWorktree, removeUnlessKept } from '../../worktree/remove.ts';
import { rebuildRecord } from '../../worktree/repair/rebuild.ts';
import { knownByPatch, restoreBranch } from '../../worktree/repair/restore.ts';
import { programAt } from '../delegate/refuse-program.ts';
import type { ApplyDocument, DiffDocument, DiscardDocument } from '../documents/work.ts';

interface WorktreeParts {
  queue: Queue;
  home: string;
  seal: Seal;
  /** The environment of git, already reduced. */
  environment: Readonly<Record<string, string>>;
}

type WorktreeApp = Pick<
  App,
  'queue' | 'home' | 'seal' | 'caller' | 'config' | 'outer' | 'project' | 'programEnvironment'
>;

export interface Patch {
  /** Of the last run's. */
  path: string | null;
  chunks: () => AsyncIterable<Uint8Array>;
  /** Runs of which nobody knows what they changed. */
  unseen: number[];
}

const partsOf = async (app: WorktreeApp): Promise<WorktreeParts> => ({
  queue: app.queue,
  home: app.home,
  seal: requireSeal(app),
  environment: await app.programEnvironment(),
});

/** Throws `not_allowed` where the caller may not have that repository changed. */
const requireWritable = ({ caller, project }: WorktreeApp, repository: string): void => {
  if (caller.principal.role === 'owner' || project().has(repository)) return;
  requireAllowed(caller, 'output_outside', { about: repository, undone: UNDONE });
};

const UNDONE = 'Nothing was changed.';

/**
 * What the task changed. In a folder of the user's each run goes on from what the runs before it left, so that the patches of
 * all of them are read, oldest first; a worktree begins anew, and has that of the last run which changed anything. Throws
 * `no_such_task`, and `conflict` where nothing was kept.
 */
export const readPatch = async (
  { queue, caller, view }: Pick<App, 'queue' | 'caller' | 'view'>,
  id: string,
): Promise<Patch> => {
  requireAllowed(caller, 'read', { undone: 'Nothing was shown.' });
  await view.requireShown(id);
  const record = await queue.get(id);
  if (record === undefined) throw new KoubouError('no_such_task', `There is no task ${id}.`);
  const last = await queue.artifacts.find(id, null, 'patch');
  if (last === undefined) {
    throw new KoubouError('conflict', `${id} changed no files, or none of its runs has ended yet.`, {
      hint: say`Only code tasks of runners that change files keep a patch; ${action('result')} shows text.`,
    });
  }
  const isApart = record.options.worktree === true;
  const before = isApart ? [] : record.attempts.map(({ attempt }) => attempt);
  const runs = [...new Set([...before.filter((run) => run < last.run), last.run])];
  const unseen = isApart ? [] : record.attempts.filter(wasNotLookedAt).map(({ attempt }) => attempt);
  return { path: last.path, chunks: () => patchesOf(queue, id, runs), unseen };
};

/** Its worker ended before it could look at the folder. */
const wasNotLookedAt = ({ error }: TaskRecord['attempts'][number]): boolean =>
  error?.code === 'worker_lost' || error?.code === 'worker_stopped';

const NEWLINE = 10;

async function* patchesOf(queue: Queue, id: string, runs: readonly number[]): AsyncGenerator<Uint8Array> {
  let end: number | undefined;
  for (const run of runs) {
    if (end !== undefined && end !== NEWLINE) yield Buffer.from('\n');
    for await (const chunk of queue.artifacts.read(id, run, 'patch')) {
      end = chunk.at(-1) ?? end;
      yield chunk;
    }
  }
}

/** The patch whole. Throws as readPatch. */
export const patchDocument = async (
  app: Parameters<typeof readPatch>[0],
  id: string,
): Promise<DiffDocument> => {
  const { path, chunks } = await readPatch(app, id);
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks()) pieces.push(chunk);
  return { task_id: id, patch: Buffer.concat(pieces).toString('utf8'), patch_path: path };
};

/** An ApplyDocument, before a door has worded it. */
export interface ApplyReport extends Omit<ApplyDocument, 'notes'> {
  notes: Words[];
}

/** All of it or nothing. Throws `no_such_task`, and `conflict` where there is nothing to apply or git refuses. */
export const applyTask = async (
  app: WorktreeApp,
  id: string,
  wanted: Wanted = 'checked',
): Promise<ApplyReport> => {
  requireAllowed(app.caller, wanted === 'branch' ? 'unchecked' : 'apply', { undone: UNDONE });
  const parts = await partsOf(app);
  const { queue, environment } = parts;
  const record = await worktreeOf(parts, id, app);
  const state = await queue.state(id);
  if (state !== 'completed') {
    throw new KoubouError('conflict', `${id} has not completed: there is nothing to apply.`, {
      hint: say`${action('wait')} waits for it; ${action('diff')} shows what a failed run left.`,
    });
  }
  const { record: known, applied } = await appliedOrRestored(
    parts,
    record,
    wanted,
    await refuseFor(app, record),
  );
  const answer = {
    task_id: id,
    notes: [],
    ...applied,
    repository: record.repository,
    branch: record.branch,
    worktree_kept: true,
    only_there: record.only_there.map((name) => join(record.path, name)).filter((path) => existsSync(path)),
  };
  if (applied.result !== 'applied') return answer;
  await writeWorktree(parts, { ...known, state: 'applied' });
  const held = await removeUnlessKept(parts, record, environment);
  const isTold = held.length === 0 || answer.only_there.length > 0;
  return {
    ...answer,
    worktree_kept: held.length > 0,
    notes: isTold ? answer.notes : [...answer.notes, keptFor(record, held)],
  };
};

/** An agent would give itself rights by them: its next start obeys them, or a person's next task runs them. */
const refuseFor = async (
  { caller, config, home, outer }: WorktreeApp,
  { repository }: WorktreeRecord,
): Promise<((name: string) => void) | undefined> => {
  if (caller.principal.role === 'owner') return undefined;
  const homes = homesOf({ home, keys: keyFolders(outer) });
  const reserved = new Reserved({ homes, settings: await settingsBelow([repository]) });
  const programOf = await programAt(config, homes.places);
  return (name) => {
    const place = join(repository, name);
    const program = programOf(place);
    const why = program === undefined ? reserved.why(place, []) : `a config has ${program} run as a program`;
    if (why === undefined) return;
    throw new KoubouError('not_allowed', `${name} is not for an agent to apply: ${why}. ${UNDONE}`, {
      hint: say`A person looks at it (${action('diff')}) and applies it.`,
    });
  };
};

const MOST_NAMED = 5;

const keptFor = ({ path }: WorktreeRecord, held: readonly string[]): Words => {
  const more = held.length > MOST_NAMED ? ` and ${held.length - MOST_NAMED} more` : '';
  const named = held.slice(0, MOST_NAMED).join(', ');
  return say`${path} is kept until ${action('discard')}: it holds what no branch has: ${named}${more}`;
};

/** A branch that cannot be read since a loss of power is made anew from the patch first. */
const appliedOrRestored = async (
  parts: WorktreeParts,
  found: WorktreeRecord,
  wanted: Wanted,
  refuse: ((name: string) => void) | undefined,
): Promise<{ record: WorktreeRecord; applied: Awaited<ReturnType<typeof applyWorktree>> }> => {
  const { queue, environment } = parts;
  const kept = await queue.artifacts.find(found.task_id, null, 'patch');
  const patch = kept && (() => queue.artifacts.read(found.task_id, kept.run, 'patch'));
  const byPatch = async (): Promise<WorktreeRecord | undefined> =>
    patch === undefined ? undefined : knownByPatch(parts, found, patch, environment);
  const record = found.made === undefined ? ((await byPatch()) ?? found) : found;
  try {
    return { record, applied: await applyWorktree(parts, record, environment, wanted, refuse) };
  } catch (error) {
    if (!(error instanceof KoubouError) || patch === undefined) throw error;
    const restored = await restoreBranch(parts, record, patch, environment);
    if (restored === undefined) throw error;
    return { record: restored, applied: await applyWorktree(parts, restored, environment, wanted, refuse) };
  }
};

/** Removes worktree and branch, and what a killed apply wrote; the patch stays with the task. Throws as applyTask, and where it still runs. */
export const discardTask = async (app: WorktreeApp, id: string): Promise<DiscardDocument> => {
  requireAllowed(app.caller, 'apply', { undone: 'Nothing was discarded.' });
  const parts = await partsOf(app);
  const record = await worktreeOf(parts, id, app);
  const state = await parts.queue.state(id);
  if (state !== undefined && !isEnded(state)) {
    throw new KoubouError('conflict', `${id} has not ended; nothing was discarded.`, {
      hint: say`${action('cancel')} ends it.`,
    });
  }
  await undoKilledApply(parts, record, parts.environment);
  await discardWorktree(parts.home, record, parts.environment);
  return { task_id: id, result: 'discarded', branch: record.branch };
};

/** Of a repository that the caller may have changed; else throws `not_allowed`. */
const worktreeOf = async (parts: WorktreeParts, id: string, app: WorktreeApp): Promise<WorktreeRecord> => {
  const record = (await readWorktree(parts, id)) ?? (await rebuilt(parts, id));
  requireWritable(app, record.repository);
  return record;
};

const rebuilt = async (parts: WorktreeParts, id: string): Promise<WorktreeRecord> => {
  const { queue, environment } = parts;
  const task = await queue.get(id);
  if (task === undefined) throw new KoubouError('no_such_task', `There is no task ${id}.`);
  const record = await rebuildRecord(parts, task, environment);
  if (record !== undefined) return record;
  throw new KoubouError('conflict', `${id} has no worktree.`, {
    hint: say`Only tasks that were delegated with ${field('worktree')} have one, from their first run until they are discarded.`,
  });
};
