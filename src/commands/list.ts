import { LISTED, listTasks } from '../actions/tasks/list.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { boolean, choice, duration, integer, revealFlag } from '../cli/flags/flags.ts';
import { labelFlag, readLabels } from '../cli/flags/labels.ts';
import { renderQuarantine, renderTaskList } from '../cli/render/task-list.ts';
import { openScreen } from '../cli/show/live-screen.ts';
import { TASK_TYPES } from '../task/fields/types.ts';

export default class List extends BaseCommand {
  static override summary = 'List tasks, newest first.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --status failed --since 2h',
    '<%= config.bin %> <%= command.id %> --label batch=docs --limit 100',
    '<%= config.bin %> <%= command.id %> --unread',
  ];
  static override usage = '<%= command.id %> [FLAGS]';
  static override flags = {
    status: choice({
      summary: 'List only tasks in this state; pending includes delayed and blocked ones.',
      options: LISTED,
    })(),
    type: choice({ summary: 'List only tasks of this type.', options: TASK_TYPES })(),
    label: labelFlag(),
    limit: integer({ summary: 'List at most N tasks.', default: 20, min: 1, helpValue: 'N' }),
    since: duration({ summary: 'List only tasks added within this time.', helpValue: '2h' }),
    unread: boolean({ summary: 'List only ended tasks whose result was not read yet.' }),
    reveal: revealFlag(),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(List);
    const app = await this.app(flags, 'look');
    const nowMs = app.clock.wallMs();
    const listed = await listTasks(app, {
      status: flags.status,
      type: flags.type,
      labels: readLabels(flags.label),
      limit: flags.limit,
      sinceMs: flags.since === undefined ? undefined : nowMs - flags.since * 1000,
      unread: flags.unread,
    });
    if (flags.json) return this.printJson(listed);
    const { tasks, quarantined } = listed;
    const screen = await openScreen(app.outer, [tasks, quarantined]);
    if (quarantined !== undefined && quarantined.length > 0) {
      await this.printDrawn(renderQuarantine(quarantined, screen, nowMs));
    } else if (tasks.length > 0) await this.printDrawn(renderTaskList(tasks, screen, nowMs));
    else this.hint('There are no such tasks.');
  }
}
