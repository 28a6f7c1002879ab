/** Which files an agent may have read, before anything of them is: also whether they are there. */
import { resolve } from 'node:path';
import { type Caller, requireAllowed } from '../../app/caller.ts';
import { type Project, realOf } from '../../app/project.ts';
import { field, say } from '../../say/say.ts';
import { writtenOut } from '../../text/written-out.ts';

export const PIPED = say`Pipe in what you may read yourself: ${field('file', '-')} or ${field('prompt_file', '-')}.`;

/**
 * Where a file of the project lies; undefined for one elsewhere that the caller may have read all the same. Throws
 * `not_allowed`. `undone`: a sentence.
 */
export const placeWithin = (
  path: string,
  project: Pick<Project, 'has'>,
  caller: Caller,
  undone: string,
): string | undefined => {
  const place = realOf(path);
  if (project.has(place)) return place;
  requireAllowed(caller, 'files_outside', { about: path, undone, instead: PIPED });
  return undefined;
};

/** Whether a pattern goes up behind its first wildcard. */
export const leavesByPattern = (pattern: string): boolean =>
  pattern
    .slice(writtenOut(pattern).length)
    .split(/[/{},]/)
    .includes('..');

/** Whether all that a pattern may find lies below a folder of the project. */
export const findsWithin = (pattern: string, cwd: string, project: Pick<Project, 'has'>): boolean =>
  !leavesByPattern(pattern) && project.has(realOf(resolve(cwd, writtenOut(pattern))));
