import { openHome } from '../actions/open-home.ts';
import { resolveTask } from '../actions/select.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { argument, boolean, revealFlag } from '../cli/flags.ts';
import { untilInterrupt } from '../cli/interrupt.ts';
import { boardView, taskView } from '../cli/status-view.ts';
import { watchView } from '../cli/watch.ts';
import { openQueue } from '../queue/open.ts';

export default class Status extends BaseCommand {
  static override summary = 'Show the state of the queue, or everything about one task.';
  static override description =
    'Without a task, shows how many tasks are in each state, what runs and for how long, the last failures with their reasons, and the workers.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --watch',
    '<%= config.bin %> <%= command.id %> last --json',
  ];
  static override args = { task: argument({ description: 'Task: an id, part of an id, or last.' }) };
  static override flags = {
    watch: boolean({ summary: 'Keep refreshing until Ctrl-C, or until the task has ended.' }),
    full: boolean({ summary: 'With a task: do not cut fields above 16 KB.' }),
    reveal: revealFlag(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Status);
    const { environment } = this;
    const opened = await openHome(
      { ...this.homeRequest(flags.home, 'look'), reveal: flags.reveal },
      openQueue,
    );
    const { queue, environment: read } = opened;
    const id =
      args.task === undefined
        ? undefined
        : await resolveTask(queue, args.task, read.createdBy, this.tellOther);
    const look = () =>
      id === undefined
        ? boardView(opened, environment)
        : taskView(opened, id, { full: flags.full, environment });
    if (flags.watch) {
      const signal = untilInterrupt();
      await watchView(look, { json: flags.json, signal });
      if (signal.aborted) this.exitWith(Number(signal.reason));
      return;
    }
    const view = await look();
    if (flags.json) await this.printJson(view.json);
    else await this.printDrawn(await view.draw(Date.now()));
    if (id !== undefined) await queue.markRead(id);
  }
}
