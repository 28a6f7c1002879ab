import { stopWorkers } from '../actions/workers/stop.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { boolean } from '../cli/flags/flags.ts';
import { renderStopped } from '../cli/render/stopped.ts';

const WAIT_MS = 30_000;

export default class Stop extends BaseCommand {
  static override summary = 'Stop the workers of this home on this machine.';
  static override description =
    'Workers claim no new tasks and finish the running ones; with --now, running tasks go back to the queue. Waits up to 30 seconds, then reports what still runs.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --now',
  ];
  static override flags = {
    now: boolean({ summary: 'Do not wait for running tasks: return them to the queue.' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Stop);
    const app = await this.app(flags, 'act');
    const stopped = await stopWorkers(app, { now: flags.now, waitMs: WAIT_MS });
    if (flags.json) await this.printJson(stopped);
    else await this.print(renderStopped(stopped));
  }
}
