import { KoubouError } from '../../errors.ts';
import { repeatable } from './flags.ts';

export const labelFlag = () =>
  repeatable({
    summary: 'Select tasks with this label; repeat it to require several labels.',
    helpValue: 'K=V',
  });

/** Throws `usage` for one without a name or a `=`. */
export const readLabels = (written: readonly string[] | undefined): Record<string, string> =>
  Object.fromEntries(
    (written ?? []).map((pair) => {
      const at = pair.indexOf('=');
      if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
      throw new KoubouError('usage', `'${pair}' is not a label`, { hint: 'Write --label name=value.' });
    }),
  );
