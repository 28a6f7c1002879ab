import { resolve } from 'node:path';
import type { TaskFile } from '../task/record.ts';

/** Where the attached files of a claimed task lie, as was settled when it was added; of one that led nowhere, nothing. Pure. */
export const attachedPlaces = ({ cwd, files, places }: TaskFile): string[] =>
  files.flatMap(({ path }) => places?.[resolve(cwd, path)] ?? []);
