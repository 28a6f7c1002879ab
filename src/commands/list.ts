import { CUT_AMONG_MANY, cutRecord } from '../actions/cut-record.ts';
import { LISTED, listTasks } from '../actions/list.ts';
import { openHome } from '../actions/open-home.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { boolean, choice, duration, integer, revealFlag } from '../cli/flags.ts';
import { labelFlag, readLabels } from '../cli/labels.ts';
import { renderQuarantine, renderTaskList } from '../cli/render/task-list.ts';
import { openScreen } from '../cli/screen.ts';
import { openQueue } from '../queue/open.ts';
import { TASK_TYPES } from '../task/record.ts';

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
      summary: 'Only tasks in this state; pending includes delayed and blocked ones.',
      options: LISTED,
    })(),
    type: choice({ summary: 'Only tasks of this type.', options: TASK_TYPES })(),
    label: labelFlag(),
    limit: integer({ summary: 'List at most N tasks.', default: 20, min: 1, helpValue: 'N' }),
    since: duration({ summary: 'Only tasks added within this time.', helpValue: '2h' }),
    unread: boolean({ summary: 'Only ended tasks whose result was not read yet.' }),
    reveal: revealFlag(),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(List);
    const { environment } = this;
    const { queue, view } = await openHome(
      { ...this.homeRequest(flags.home, 'look'), reveal: flags.reveal },
      openQueue,
    );
    const nowMs = Date.now();
    const { records, quarantined } = await listTasks(queue, {
      status: flags.status,
      type: flags.type,
      labels: readLabels(flags.label),
      limit: flags.limit,
      sinceMs: flags.since === undefined ? undefined : nowMs - flags.since * 1000,
      unread: flags.unread,
    });
    const tasks = (await view.records(records)).map((record) => cutRecord(record, CUT_AMONG_MANY));
    if (flags.json) return this.printJson(quarantined === undefined ? { tasks } : { tasks, quarantined });
    const screen = await openScreen(environment, [tasks, quarantined]);
    if (quarantined !== undefined && quarantined.length > 0) {
      await this.printDrawn(renderQuarantine(quarantined, screen, nowMs));
    } else if (tasks.length > 0) await this.printDrawn(renderTaskList(tasks, screen, nowMs));
    else this.hint('There are no such tasks.');
  }
}
