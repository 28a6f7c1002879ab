/**
 * What tells a task that koubou wrote for this user from a file that somebody else put there. The queue gets it as a
 * value (src/home makes it); a queue without one only looks.
 */
import { KoubouError } from '../../../errors.ts';
import { action, field, say, toText } from '../../../say/say.ts';
import type { Seal } from '../../../text/seal.ts';

export type { Seal };

export const UNSEALED = toText(
  say`it carries no seal of this home, so koubou did not write it for you; ${action('trust', field('tasks'))} shows such tasks, and takes those that you want`,
);

/** Throws `untrusted_home` for a queue that only looks. */
export const requireSeal = ({ seal, layout }: { seal: Seal | undefined; layout: { home: string } }): Seal => {
  if (seal !== undefined) return seal;
  throw new KoubouError('untrusted_home', `${layout.home} is only looked at; nothing was done.`);
};
