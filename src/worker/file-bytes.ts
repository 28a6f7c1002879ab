import { type Attached, sizeOfAttached } from '../names/places.ts';
import { needsSizes, type Routing } from '../route/route.ts';

/** The size of the attached files together, where a rule asks for it. */
export const fileBytes = (files: readonly Attached[], routing: Routing): number =>
  // One that cannot be read has none: the run that needs it says so.
  needsSizes(routing) ? files.reduce((sum, file) => sum + sizeOfAttached(file), 0) : 0;
