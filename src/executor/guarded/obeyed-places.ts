/** What lies in a project and is obeyed by agents and version control that start there. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { OBEYED, REPOSITORIES } from '../../names/reserved.ts';

/** What is there: no program of a sandbox changes it. The git folder has an answer of its own (git-places.ts). */
export const obeyedIn = (projects: readonly string[]): string[] =>
  [...new Set(projects)]
    .flatMap((folder) => [...OBEYED, ...REPOSITORIES].map((name) => join(folder, name)))
    .filter((path) => basename(path) !== '.git' && existsSync(path));
