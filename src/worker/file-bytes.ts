import { statSync } from 'node:fs';
import { needsSizes, type Routing } from '../route/route.ts';

/** The size of the attached files together, where a rule asks for it. */
export const fileBytes = (files: readonly { path: string }[], routing: Routing): number =>
  needsSizes(routing) ? files.reduce((sum, { path }) => sum + sizeOf(path), 0) : 0;

const sizeOf = (path: string): number => {
  try {
    return statSync(path).size;
  } catch {
    // The run that needs it says so.
    return 0;
  }
};
