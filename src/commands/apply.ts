import { resolveTask } from '../actions/tasks/select.ts';
import { applyTask } from '../actions/tasks/worktrees.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { argument, boolean } from '../cli/flags/flags.ts';
import { printApplied } from '../cli/show/applied.ts';
import { worded } from '../say/say.ts';

export default class Apply extends BaseCommand {
  static override summary = 'Apply the changes of a worktree task to your own work tree, all or none.';
  static override description =
    'Does a three-way merge with your last commit. On conflicts, or where files have changes of your own, lists them, changes nothing and exits with 1. Never stages or commits. Refuses a branch that differs from what was checked.';
  static override examples = ['<%= config.bin %> <%= command.id %> a3xz'];
  static override args = {
    task: argument({ description: 'Task: an id, part of an id, or last.', required: true }),
  };

  static override flags = {
    'branch-as-it-is': boolean({
      description:
        'Apply the branch as it is now, even if it differs from what was checked. Refused for agents.',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Apply);
    const app = await this.app(flags, 'act');
    const id = await resolveTask(app, args.task ?? 'last');
    const wanted = flags['branch-as-it-is'] === true ? 'branch' : 'checked';
    const applied = worded(await applyTask(app, id, wanted));
    if (applied.result !== 'applied') this.exitWith(1);
    if (flags.json) await this.printJson(applied);
    else await printApplied(this, applied);
  }
}
