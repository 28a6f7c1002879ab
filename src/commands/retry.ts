import { failedTasks, retryTasks } from '../actions/tasks/retry.ts';
import { selectTasks } from '../actions/tasks/select.ts';
import { startHint } from '../actions/workers/sandbox-here.ts';
import { livingWorker } from '../app/living.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { boolean, restArguments } from '../cli/flags/flags.ts';
import { labelFlag, readLabels } from '../cli/flags/labels.ts';
import { selectionOf } from '../cli/flags/named-tasks.ts';
import { KoubouError } from '../errors.ts';
import { say } from '../say/say.ts';

export default class Retry extends BaseCommand {
  static override summary = 'Run ended tasks again, as new attempts of the same tasks.';
  static override description = 'Also retries the tasks that failed because one of these had failed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> a3xz',
    '<%= config.bin %> <%= command.id %> --failed --label batch=docs',
  ];
  static override args = {
    tasks: restArguments({ description: 'Tasks: ids, parts of ids, last, or - to read ids from stdin.' }),
  };
  static override flags = {
    failed: boolean({ summary: 'Retry all failed tasks except cancelled ones.' }),
    label: labelFlag(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Retry);
    const references = args.tasks ?? [];
    const labels = readLabels(flags.label);
    const chosen = references.length > 0 || Object.keys(labels).length > 0;
    if (flags.failed ? references.length > 0 : !chosen) {
      throw new KoubouError('usage', 'Nothing was retried: name tasks, or choose with --failed or --label.', {
        hint: '`koubou list --status failed` shows what failed.',
      });
    }
    const app = await this.app(flags, 'act');
    const { queue } = app;
    const ids = flags.failed
      ? await failedTasks(queue, labels)
      : await selectTasks(app, await selectionOf(this, references, labels));
    const retried = await retryTasks(app, ids);
    const { results } = retried;
    if (flags.json) await this.printJson(retried);
    else
      await this.print(
        results.map(({ task_id, result }) => `${task_id}  ${result}`).join('\n') || 'Nothing failed.',
      );
    if (results.length > 0 && (await livingWorker(queue)) === undefined) {
      this.hint(say`No worker is running. ${startHint(this.environment)}`);
    }
  }
}
