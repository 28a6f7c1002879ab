import { type Batch, readBatchFile } from '../../actions/delegate/batch.ts';
import type { App } from '../../app/app.ts';
import type { BaseCommand } from '../base-command.ts';

/** What --batch names, read. */
export async function batchFrom(
  stdin: Pick<BaseCommand, 'readStdin'>,
  app: App,
  path: string | undefined,
): Promise<Batch | undefined> {
  if (path === undefined) return undefined;
  return readBatchFile(app, path, path === '-' ? await stdin.readStdin() : undefined);
}
