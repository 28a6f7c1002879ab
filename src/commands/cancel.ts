import type { Cancelled } from '../actions/documents/queue.ts';
import { cancelTasks } from '../actions/tasks/cancel.ts';
import { selectTasks } from '../actions/tasks/select.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { restArguments } from '../cli/flags/flags.ts';
import { labelFlag, readLabels } from '../cli/flags/labels.ts';
import { selectionOf } from '../cli/flags/named-tasks.ts';
import { KoubouError } from '../errors.ts';

const WAIT_MS = 10_000;

const SAID: Record<Cancelled['result'], string> = {
  cancelled: 'cancelled',
  completed: 'it had already completed',
  failed: 'it had already failed',
  asked: 'asked; it still runs, and ends as soon as its worker hears of it',
};

const SAID_OF_SILENT =
  'asked; its worker is not heard from. It ends when that worker hears of it, or a minute after another daemon starts: `koubou work --detach`.';

export default class Cancel extends BaseCommand {
  static override summary =
    'Cancel tasks: pending ones at once, running ones with every process they started.';
  static override description = 'Waits up to 10 seconds for running tasks and reports what happened to each.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> a3xz',
    '<%= config.bin %> <%= command.id %> --label batch=docs',
  ];
  static override args = {
    tasks: restArguments({ description: 'Tasks: ids, parts of ids, last, or - to read ids from stdin.' }),
  };
  static override flags = { label: labelFlag() };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cancel);
    const references = args.tasks ?? [];
    const labels = readLabels(flags.label);
    if (references.length === 0 && Object.keys(labels).length === 0) {
      throw new KoubouError('usage', 'No task is named; nothing was cancelled.', {
        hint: 'Name one by id, with last, or with --label. `koubou list` shows the tasks.',
      });
    }
    const app = await this.app(flags, 'act');
    const ids = await selectTasks(app, await selectionOf(this, references, labels));
    const cancelled = await cancelTasks(app, ids, { waitMs: WAIT_MS });
    if (flags.json) return this.printJson(cancelled);
    const said = ({ result, silent }: Cancelled): string => (silent ? SAID_OF_SILENT : SAID[result]);
    await this.print(cancelled.results.map((each) => `${each.task_id}  ${said(each)}`).join('\n'));
  }
}
