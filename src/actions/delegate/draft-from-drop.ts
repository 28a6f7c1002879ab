/**
 * How a file that somebody dropped into pending/ becomes a task (queue/files/add/import-dropped.ts reads it). Whoever may put a file
 * there need not be allowed more: it gets an answer about files of the project, and starts nothing.
 */
import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, relative, sep } from 'node:path';
import type { DropRules } from '../../app/app.ts';
import { isHeldIn } from '../../app/held.ts';
import { userHome } from '../../config/paths.ts';
import { KoubouError } from '../../errors.ts';
import { keyFolders } from '../../process/homes/key-folders.ts';
import { homesOf } from '../../process/homes/registered-homes.ts';
import { action, say } from '../../say/say.ts';
import { type Fields, fieldRows, propertyOf } from '../../task/fields/asked-task.ts';
import { type NewTask, RECORD_VERSION } from '../../task/record.ts';
import { type Homes, homeAround } from '../../text/home-name.ts';
import type { Planner } from '../../worker/plan.ts';
import { draftTask, typeOf } from './draft.ts';
import { readFields } from './fields.ts';
import { type Marking, markSensitive } from './mark-sensitive.ts';
import { withReadPlaces } from './places.ts';

export interface DropCircumstances {
  /** The home. Paths in the file are relative to the folder that holds it, the project, and stay below it. */
  home: string;
  /** koubou's homes of other projects. */
  otherHomes?: () => Homes;
  /** The user's own folder, of which nothing hidden is taken where it is the project. */
  userHome: string;
  /** For files that name none. */
  priority: number;
  nowMs: () => number;
  /** Words that, with a value beside them, make a task sensitive. */
  sensitivePatterns: readonly string[];
  /** Throws KoubouError for a task that leads to no runner that may do it. */
  requireRoute: (task: NewTask) => void;
  /** Whether the task of that id must stay on this machine; absent: what a task waits for is not looked at. */
  isHeld?: Marking['isHeld'];
}

/**
 * Refuses with `not_allowed` what would do more than answer, or would have to be read from elsewhere first, and with `usage`
 * what is no task.
 */
export const draftFromDrop =
  (circumstances: DropCircumstances) =>
  async (given: Readonly<Record<string, unknown>>, prompt: string | null): Promise<NewTask> => {
    const { home, priority, nowMs, sensitivePatterns: words, requireRoute } = circumstances;
    const { isHeld = async () => false } = circumstances;
    refuseVersion(given['version']);
    const fields = readFields(given, 'the file', nowMs());
    if (prompt !== null && prompt.trim() !== '') fields.prompt = prompt;
    refuseMore(fields);
    const cwd = dirname(home);
    const draft = { ...draftTask(fields, { cwd, createdBy: 'file', priority }), answer_only: true };
    requireRoute(draft);
    const [marked] = await markSensitive([withReadPlaces(inProject(draft, circumstances))], {
      words,
      isHeld,
    });
    if (marked === undefined) throw new KoubouError('internal', 'The task was lost while it was looked at.');
    return marked;
  };

/** As a daemon takes dropped files. */
export const dropRules: DropRules = ({ home, config, outer, plan, clock, queue }) =>
  draftFromDrop({
    home,
    otherHomes: () => homesOf({ home, keys: keyFolders(outer) }),
    userHome: userHome(outer),
    priority: config.defaults.priority,
    nowMs: clock.wallMs,
    sensitivePatterns: config.security.sensitive_patterns,
    requireRoute: requireRouteBy(plan),
    isHeld: (id) => isHeldIn(queue(), plan)(id),
  });

/** That no runner is there yet is no fault of the file: its task waits for one. */
const requireRouteBy =
  (plan: Planner): DropCircumstances['requireRoute'] =>
  (task) => {
    const { route } = plan(task);
    if (route instanceof KoubouError && route.code !== 'runner_unavailable') throw route;
  };

const refuseVersion = (version: unknown): void => {
  if (version === undefined || version === RECORD_VERSION) return;
  throw new KoubouError('usage', `version ${JSON.stringify(version)} of a task is not known here.`);
};

const refuseMore = (fields: Fields): void => {
  if (typeOf(fields.type ?? 'general').type === 'command') throw refused('type command');
  for (const [name, { notDropped }] of fieldRows()) {
    const value = fields[propertyOf(name)];
    if (notDropped === undefined || value === undefined) continue;
    if (notDropped.where?.(value) ?? true) throw refused(notDropped.what);
  }
};

const refused = (what: string): KoubouError =>
  new KoubouError('not_allowed', `${what} is not taken from a dropped file. Nothing was added.`, {
    hint: say`Add such a task with ${action('delegate')}.`,
  });

/** With the files as they are found now: a link that leads elsewhere later changes nothing. */
const inProject = (task: NewTask, { home, otherHomes, userHome }: DropCircumstances): NewTask => {
  const others = otherHomes?.() ?? { places: [] };
  const known = { ...others, places: [realPath(home) ?? home, ...others.places] };
  const project = realPath(dirname(home)) ?? dirname(home);
  const real = (path: string, what: string): string => {
    const found = realPath(path);
    if (found === undefined)
      throw new KoubouError('usage', `${what} ${path} is not there. Nothing was added.`);
    const inside = relative(project, found);
    const parts = inside.split(sep);
    const leadsOut = parts[0] === '..' || isAbsolute(inside);
    const isHidden = project === realPath(userHome) && parts.some((part) => part.startsWith('.'));
    if (leadsOut || isHidden || homeAround(found, known, project) !== undefined || parts.some(isRepository)) {
      throw refused(`${what} ${path}, which is not below ${project} or holds what is not to be shown,`);
    }
    return found;
  };
  real(task.cwd, 'the folder');
  return { ...task, files: task.files.map((file) => ({ ...file, path: real(file.path, 'the file') })) };
};

const realPath = (path: string): string | undefined => {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
};

/** It holds what others wrote. */
const isRepository = (part: string): boolean => part.toLowerCase() === '.git';
