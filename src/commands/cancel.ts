import { cancelTasks } from '../actions/tasks/cancel.ts';
import { selectTasks } from '../actions/tasks/select.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { restArguments } from '../cli/flags/flags.ts';
import { labelFlag, readLabels } from '../cli/flags/labels.ts';
import { selectionOf } from '../cli/flags/named-tasks.ts';
import { renderCancelled } from '../cli/render/stopped.ts';
import { KoubouError } from '../errors.ts';

const WAIT_MS = 10_000;

export default class Cancel extends BaseCommand {
  static override summary = 'Cancel tasks; running ones are stopped with every process they started.';
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
    if (flags.json) await this.printJson(cancelled);
    else await this.print(renderCancelled(cancelled));
  }
}
