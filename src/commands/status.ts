import { resolveTask } from '../actions/tasks/select.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { argument, boolean, revealFlag } from '../cli/flags/flags.ts';
import { boardView, taskView } from '../cli/show/status-view.ts';
import { watchInTerminal } from '../cli/show/watch.ts';

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
    full: boolean({ summary: 'With a task id: do not cut fields above 16 KB.' }),
    reveal: revealFlag(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Status);
    const app = await this.app(flags, 'look');
    const { queue } = app;
    const id = args.task === undefined ? undefined : await resolveTask(app, args.task, this.tellOther);
    const look = () => (id === undefined ? boardView(app) : taskView(app, id, { full: flags.full }));
    if (flags.watch) return watchInTerminal(this, app, look, flags.json);
    const view = await look();
    if (flags.json) await this.printJson(view.json);
    else await this.printDrawn(await view.draw(app.clock.wallMs()));
    if (id !== undefined) await queue.markRead(id);
  }
}
