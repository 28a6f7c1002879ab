import type { TrustShown } from '../../actions/setup/trust.ts';
import { KoubouError } from '../../errors.ts';
import type { BaseCommand } from '../base-command.ts';
import { renderShown } from '../render/trust.ts';

/** Shows what would be trusted, and asks whether it may be. Throws `usage` where nobody can be asked. */
export async function confirmTrust(
  command: BaseCommand,
  shown: TrustShown,
  { tasks, yes, json }: Record<'tasks' | 'yes' | 'json', boolean>,
): Promise<boolean> {
  command.hint(renderShown(shown, tasks));
  if (yes) return true;
  if (!json && process.stdin.isTTY) return command.ask('Is all of this yours? [y/N] ');
  throw new KoubouError('usage', 'Nobody can be asked here; nothing was signed.', {
    hint: 'If all that was shown is yours, run the same command with --yes, or type `koubou trust` in a terminal.',
  });
}
