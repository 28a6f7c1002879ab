/** What a task asks for beyond text of a model, and whether its caller gets it: as it is, in a sandbox, or not at all. */
import { resolve } from 'node:path';
import { isListedCheck, isListedProgram } from '../../access/listed-programs.ts';
import type { Request, Verdict } from '../../access/may.ts';
import { type Caller, notAllowed, verdictOn } from '../../app/caller.ts';
import type { Project } from '../../app/project.ts';
import type { RunnerConfig } from '../../config/schema.ts';
import { actionLine, field, say, toText, type Words } from '../../say/say.ts';
import type { NewTask } from '../../task/record.ts';
import { isOfKind } from '../../task/runner-kinds.ts';
import { writtenOut } from '../../text/written-out.ts';
import { leavesByPattern, PIPED } from './admit-file.ts';

export interface AdmissionFacts {
  project: Project;
  /** Of the runner that it will most likely get; undefined: none is known. */
  runner: RunnerConfig | undefined;
  /** Why no program can be run in a sandbox in that folder; undefined: one can. */
  unconfinable: (folder: string) => Promise<string | undefined>;
}

interface Asked {
  request: Request;
  about: Words;
  /** Another way to it. */
  instead?: Words;
  /** Whether the config names exactly this program as one that agents may have run. */
  listed?: boolean;
}

type Judged = Pick<NewTask, 'type' | 'command' | 'files' | 'places' | 'cwd' | 'options'>;

/** What has something run that could do all that the user can. */
const RUNS: ReadonlySet<Request> = new Set(['program', 'check', 'check_outside', 'agent', 'full_access']);

/** Of a caller that is not kept to a project. */
export const EVERYWHERE: Project = { has: () => true, tops: [], isTooWide: () => false };

const UNDONE = 'Nothing was added.';
/** Everything that the task asks for, in the order in which a person would want to hear of it. */
const asks = function* (
  { type, command, files, places, cwd, options }: Judged,
  { project, runner }: Pick<AdmissionFacts, 'project' | 'runner'>,
  commands: readonly string[],
): Generator<Asked> {
  const { check, output, sandbox } = options;
  // Where a name was found to lead is where it is used.
  const isOutside = (path: string): boolean => !project.has(places?.[path] ?? path);
  if (isOutside(cwd)) yield { request: 'folder_outside', about: cwd };
  if (output !== undefined && isOutside(output)) yield { request: 'output_outside', about: output };
  for (const { path } of files)
    if (isOutside(path)) yield { request: 'files_outside', about: path, instead: PIPED };
  for (const pattern of options.expect ?? []) {
    // Whether a file is there, and changes, is read of it as well.
    if (leavesByPattern(pattern) || isOutside(resolve(places?.[cwd] ?? cwd, writtenOut(pattern))))
      yield { request: 'files_outside', about: say`${field('expect', pattern)}` };
  }
  const open = sandbox ?? (isOfKind(runner, 'choosesSandbox') ? runner.sandbox : undefined);
  if (open === 'danger-full-access') yield { request: 'full_access', about: 'danger-full-access' };
  const listed = check !== undefined && isListedCheck(check, commands);
  if (options.check_outside === true) yield { request: 'check_outside', about: check ?? '', listed };
  if (check !== undefined) yield { request: 'check', about: check, listed };
  if (type === 'command') {
    yield { request: 'program', about: command.join(' '), listed: isListedProgram(command, commands) };
  } else if (isOfKind(runner, 'program', 'described')) yield { request: 'agent', about: runner.bin };
};

/** The task as it may be added. Throws `not_allowed`: then nothing of it may be. */
export const admitTask = async <T extends NewTask>(
  task: T,
  caller: Caller,
  facts: AdmissionFacts,
): Promise<T> => {
  if (caller.principal.role === 'owner') return task;
  const verdicts: Verdict[] = [];
  let byName = false;
  for (const { request, about, listed, instead } of asks(task, facts, caller.rights.commands)) {
    const own = verdictOn(caller, request);
    const verdict = listed === true ? 'allowed' : own;
    byName ||= listed === true && own !== 'allowed';
    verdicts.push(verdict);
    if (verdict === 'allowed') continue;
    const why =
      verdict === 'confined' ? await whyUnconfinable(task.places?.[task.cwd] ?? task.cwd, facts) : undefined;
    if (verdict === 'refused' || why !== undefined) {
      throw notAllowed(caller, request, {
        about: shown(about),
        undone: UNDONE,
        instead: instead ?? insteadOf(request, about, { why, listed: caller.rights.commands }),
      });
    }
  }
  // A model's task without programs of its own may still be handed on to an agent CLI, by routing.escalate.
  const mayBecome = task.type === 'command' ? 'allowed' : verdictOn(caller, 'agent');
  const confined = verdicts.includes('confined') || mayBecome !== 'allowed';
  // The config names the program; the agent's PATH would let it choose another one of that name.
  const own = byName ? withoutEnvironment(task) : task;
  if (!confined) return own;
  // The config gives this check the rights of the user. The runner does not get them.
  const options =
    byName && !verdicts.includes('confined') ? { ...own.options, check_outside: true } : own.options;
  return { ...own, options, confined: true };
};

const withoutEnvironment = <T extends NewTask>(task: T): T => {
  const kept = { ...task };
  delete kept.environment;
  return kept;
};

const whyUnconfinable = async (cwd: string, facts: AdmissionFacts): Promise<string | undefined> =>
  facts.project.isTooWide(cwd)
    ? `a sandbox lets a program write in its folder, and ${cwd} is no folder of a project.`
    : facts.unconfinable(cwd);

/** Whether the caller may have an ended task run again: with the rights that it was added with. */
export const admitRetry = (
  task: Judged & { task_id: string; confined?: boolean | undefined },
  caller: Caller,
  facts: Pick<AdmissionFacts, 'runner'>,
): void => {
  if (caller.principal.role === 'owner' || task.confined === true) return;
  const all = { ...facts, project: EVERYWHERE };
  for (const { request, listed } of asks(task, all, caller.rights.commands)) {
    // Where it reads and writes is what the person asked for, once more.
    if (!RUNS.has(request) || listed === true || verdictOn(caller, request) === 'allowed') continue;
    throw notAllowed(caller, request, {
      // What it runs may be withheld from the caller.
      about: task.task_id,
      undone: "It is a person's task that does; nothing was retried.",
    });
  }
};

const insteadOf = (
  request: Request,
  about: Words,
  { why, listed }: { why: string | undefined; listed: readonly string[] },
): Words | undefined => {
  if (why === undefined) return undefined;
  const none = `In a sandbox it would be allowed, and none can be used here: ${why}`;
  if (request === 'agent') return none;
  if (typeof about !== 'string' || !isListedCheck(about, [about])) return none;
  const all = [...listed, about].join(', ');
  return say`${none} A person can allow this one program: ${actionLine('config', 'callers.agent.commands', `[${all}]`)}.`;
};

const shown = (about: Words): Words => {
  const text = toText(about);
  return text.length > 120 ? `${text.slice(0, 119)}…` : about;
};
