/** Adding tasks: one, one for each of many files, or a batch; all or none. */

import type { App } from '../../app/app.ts';
import { requireAllowed, verdictOn } from '../../app/caller.ts';
import { isHeldIn } from '../../app/held.ts';
import { realOf } from '../../app/project.ts';
import type { Variables } from '../../config/environment.ts';
import type { Config } from '../../config/schema.ts';
import { KoubouError } from '../../errors.ts';
import { keyFolders } from '../../process/homes/key-folders.ts';
import { homesOf } from '../../process/homes/registered-homes.ts';
import type { Added } from '../../queue/queue.ts';
import { actionLine, field, say, type Words } from '../../say/say.ts';
import { recordedEnvironment } from '../../task/environment.ts';
import type { Fields } from '../../task/fields/asked-task.ts';
import type { NewTask } from '../../task/record.ts';
import { isOfKind, kindsWith } from '../../task/runner-kinds.ts';
import { optionForFiles, writesNone } from '../../task/text-alone.ts';
import type { Planner } from '../../worker/plan.ts';
import { findsWithin } from '../callers/admit-file.ts';
import { admitTask, EVERYWHERE } from '../callers/admit-task.ts';
import { finishedAmong, matchFiles, withHashes } from './attach.ts';
import { BATCH, type Batch, linesOf } from './batch.ts';
import { draftDefaults, draftTask } from './draft.ts';
import type { Expanded } from './expand.ts';
import { markSensitive } from './mark-sensitive.ts';
import { outputPlaceOf, refuseLinkOut, withPlaces } from './places.ts';
import { refuseWorktree } from './refuse-worktree.ts';
import { asksForStdin, type Sources, sourcesFor } from './sources.ts';

export interface DelegateRequest {
  /** With `batch`: what holds for the lines that do not say it themselves. */
  fields: Fields;
  /** A pattern of files, a task for each. */
  each?: string | undefined;
  /** A task for each of many lines. */
  batch?: Batch | undefined;
  /** Leaves out what has its output already. */
  skipExisting: boolean;
  /** What `-` stands for, as in `files`; see wantsStdin. */
  stdin?: Uint8Array | undefined;
}

type DelegateApp = Pick<
  App,
  | 'queue'
  | 'config'
  | 'caller'
  | 'home'
  | 'outer'
  | 'cwd'
  | 'plan'
  | 'project'
  | 'programEnvironment'
  | 'requireTemplate'
  | 'clock'
>;

export interface Delegated {
  added: Added[];
  /** The label `batch` that all share; null for a single task. */
  batch: string | null;
  /** How many were left out. */
  skipped: number;
}

/**
 * Throws `usage`, `not_allowed`, `conflict`, `no_program`, `no_such_task` (of --after), `key_conflict`, `disk_full`:
 * nothing was added; or `unknown`.
 */
export const delegate = async (request: DelegateRequest, app: DelegateApp): Promise<Delegated> => {
  const { queue, config, cwd, caller, plan } = app;
  requireAllowed(caller, 'delegate', { undone: UNDONE });
  const isAgent = caller.principal.role !== 'owner';
  const project = isAgent ? app.project() : EVERYWHERE;
  const takenFor = request.batch?.isStdin === true ? BATCH : undefined;
  const sources = sourcesFor({ ...app, project: () => project }, { bytes: request.stdin, takenFor });
  const defaults = draftDefaults(app);
  const admit = (task: NewTask, runner: string | undefined): Promise<NewTask> =>
    admitTask(task, caller, {
      project,
      runner: isAgent ? config.runners[runner ?? ''] : undefined,
      unconfinable: async (folder) =>
        (await import('../callers/confinement.ts')).unconfinable(app.outer, folder),
    });
  const drafts: NewTask[] = [];
  const kept: { bound: string | undefined; runner: string | undefined }[] = [];
  const templates = new Set<string>();
  if (isAgent && request.each !== undefined && !findsWithin(request.each, cwd, project)) {
    // Before it is looked for: what is found would stand in the refusal.
    requireAllowed(caller, 'files_outside', { about: say`${field('each', request.each)}`, undone: UNDONE });
  }
  const isBound = isAgent && verdictOn(caller, 'files_outside') === 'refused';
  const within = isBound ? (path: string) => project.has(realOf(path)) : undefined;
  for (const fields of await askedFor(request, app, { sources, within })) {
    const draft = withEnvironment(draftTask(await sources.complete(fields), defaults), app.outer);
    const runner = runnerIn(plan(draft));
    refuseUnfitRunner(draft, runner, config);
    refuseSandbox(draft, runner, config);
    refuseResume(draft, runner, config);
    if (fields.template !== undefined) templates.add(fields.template);
    drafts.push(await admit(draft, runner));
    kept.push({ bound: fields.outputWithin, runner });
  }
  for (const name of templates) await app.requireTemplate(name).catch(refuse);
  const settings = drafts.some(({ options }) => options.output !== undefined)
    ? await (await import('../../executor/guarded/obeyed-places.ts')).settingsBelow(project.tops)
    : [];
  const homes = () => homesOf({ home: app.home, keys: keyFolders(app.outer) });
  const placed = withPlaces(drafts, () => ({ homes: homes(), settings }));
  for (const [at, task] of placed.entries()) {
    const { bound, runner } = kept[at] ?? {};
    refuseLinkOut(task, bound);
    // Once more by where its names lead: what was on their way may have changed since the first look.
    if (isAgent) await admit(task, runner);
  }
  const outputs = placed.flatMap((task) => outputPlaceOf(task) ?? []);
  if (outputs.length > 0) {
    await (await import('./refuse-program.ts')).refusePrograms(outputs, { config, homes: homes().places });
  }
  if (placed.length > 1) (await import('./expand.ts')).refuseEqualOutputs(placed);
  const wanted = request.skipExisting ? withoutFinished(placed) : placed;
  const tasks = await markSensitive(await withHashes(wanted), {
    words: config.security.sensitive_patterns,
    isHeld: isHeldIn(queue, plan),
  });
  await refuseWorktree(tasks, app.programEnvironment);
  return { ...(await addTo(queue, tasks, request)), skipped: drafts.length - tasks.length };
};

/** Many tasks share a label, by which they are found. */
const addTo = async (
  queue: DelegateApp['queue'],
  tasks: NewTask[],
  { fields, each, batch: lines }: DelegateRequest,
): Promise<Pick<Delegated, 'added' | 'batch'>> => {
  if (each === undefined && lines === undefined) {
    return { added: tasks.length === 0 ? [] : await queue.add(tasks), batch: null };
  }
  const batch = fields.labels?.['batch'] ?? (await batchName(tasks));
  const labelled = tasks.map((task) => ({ ...task, labels: { ...task.labels, batch } }));
  return { added: tasks.length === 0 ? [] : await queue.add(labelled), batch };
};

const UNDONE = 'Nothing was added.';

/** Whether `stdin` is read: a door looks only then what came in. */
export const wantsStdin = ({ fields, batch }: DelegateRequest): boolean =>
  batch === undefined ? asksForStdin(fields) : !batch.isStdin && linesOf(batch, fields).some(asksForStdin);

const askedFor = async (
  { fields, each, batch }: DelegateRequest,
  { cwd }: DelegateApp,
  { sources, within }: { sources: Sources; within: ((path: string) => boolean) | undefined },
): Promise<Expanded[]> => {
  if (batch !== undefined) return linesOf(batch, fields);
  if (each === undefined) return [fields];
  const { expandEach } = await import('./expand.ts');
  return expandEach(await sources.withPrompt(fields), await matchFiles(each, cwd, within), cwd);
};

/** Programs are what the caller means by their names, whatever the daemon would find. */
const withEnvironment = (task: NewTask, variables: Variables): NewTask => {
  if (task.type !== 'command' && task.options.check === undefined) return task;
  const environment = recordedEnvironment(variables);
  return environment === undefined ? task : { ...task, environment };
};

/** A file that no part of the task can write would be waited for in vain, after the model did its work. */
const refuseUnfitRunner = (task: NewTask, runner: string | undefined, config: Config): void => {
  if (runner === undefined || !isOfKind(config.runners[runner], 'changesFiles', false)) return;
  const asked = optionForFiles(task.options);
  if (asked === null) return;
  throw new KoubouError('usage', say`${writesNone(runner, asked)} Nothing was added.`, {
    hint:
      asked === 'worktree'
        ? filesHint(config)
        : say`Say with ${field('output', 'FILE')} where the text goes.`,
  });
};

const filesHint = ({ runners }: Config): Words => {
  const names = Object.entries(runners).flatMap(([name, runner]) =>
    isOfKind(runner, 'model') && isOfKind(runner, 'changesFiles') ? [name] : [],
  );
  return names.length > 0
    ? say`Name a runner that works in files: ${field('runner', names.join(' or '))}.`
    : say`This home has no runner that works in files. Take one of agent.yaml (codex, claude, opencode, aider) out of its comment, or leave ${field('worktree')} out.`;
};

const refuseSandbox = (task: NewTask, runner: string | undefined, config: Config): void => {
  const { sandbox } = task.options;
  if (sandbox === undefined) return;
  if (runner !== undefined && !isOfKind(config.runners[runner], 'choosesSandbox')) {
    throw new KoubouError('usage', `The runner ${runner} has no sandbox to choose. Nothing was added.`, {
      hint: say`Leave ${field('sandbox')} out, or name a runner of kind ${kindsWith('choosesSandbox', true)} with ${field('runner')}.`,
    });
  }
  if (sandbox !== 'danger-full-access' || config.security.allow_full_access) return;
  throw new KoubouError(
    'not_allowed',
    say`${field('sandbox', 'danger-full-access')} is not allowed here. Nothing was added.`,
    {
      hint: say`Where the machine may be harmed, allow it: ${actionLine('config', 'security.allow_full_access', 'true')}`,
    },
  );
};

const refuseResume = (task: NewTask, runner: string | undefined, config: Config): void => {
  if (task.options.resume_from === undefined) return;
  if (runner === undefined || !isOfKind(config.runners[runner], 'resumes', false)) return;
  throw new KoubouError('usage', `The runner ${runner} keeps no conversations. Nothing was added.`, {
    hint: say`Name the runner of the task that is continued, with ${field('runner')}.`,
  });
};

/** Throws `usage` for a runner that does not exist; that there is none at all is for `doctor` and waits to say. */
const runnerIn = ({ route }: ReturnType<Planner>): string | undefined => {
  if (!(route instanceof KoubouError)) return route.runner;
  return route.code === 'usage' ? refuse(route) : undefined;
};

const refuse = (error: unknown): never => {
  if (!(error instanceof KoubouError)) throw error;
  throw new KoubouError(error.code, say`${error.said.message} Nothing was added.`, { hint: error.said.hint });
};

const withoutFinished = (tasks: readonly NewTask[]): NewTask[] => {
  const outputs = tasks.flatMap((task) => outputPlaceOf(task) ?? []);
  if (outputs.length < tasks.length) {
    throw new KoubouError(
      'usage',
      say`${field('skip_existing')} looks for outputs, and none is named. Nothing was added.`,
      {
        hint: say`Say where each result goes, as with ${field('output', '"out/{stem}.txt"')}.`,
      },
    );
  }
  const finished = finishedAmong(outputs);
  return tasks.filter((task) => !finished.has(outputPlaceOf(task) ?? ''));
};

/** The same keys again must ask for the same, so the label must not be another one each time. */
const batchName = async (tasks: readonly NewTask[]): Promise<string> => {
  const { hash, randomBytes } = await import('node:crypto');
  if (tasks.every(({ key }) => key === null)) return randomBytes(4).toString('hex');
  const asked = tasks.map(({ key, prompt, command }) => [key, prompt, command]);
  return hash('sha256', JSON.stringify(asked)).slice(0, 8);
};
