import { openHome } from '../actions/open-home.ts';
import { stopWorkers } from '../actions/stop.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { boolean } from '../cli/flags.ts';
import { renderStopped } from '../cli/render/stopped.ts';
import { openQueue } from '../queue/open.ts';

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
    const { queue } = await openHome(this.homeRequest(flags.home, 'act'), openQueue);
    const stopped = await stopWorkers(queue, { now: flags.now, waitMs: WAIT_MS });
    if (flags.json) await this.printJson(stopped);
    else await this.print(renderStopped(stopped));
  }
}
