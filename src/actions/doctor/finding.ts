/** One thing that doctor looked at, before a door has worded it. */
import type { Words } from '../../say/say.ts';
import type { Check } from '../documents/home.ts';

export interface Finding extends Omit<Check, 'message' | 'cure'> {
  message: Words;
  cure: Words | null;
}
