import { resolveTask } from '../actions/tasks/select.ts';
import { discardTask } from '../actions/tasks/worktrees.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { argument } from '../cli/flags/flags.ts';

export default class Discard extends BaseCommand {
  static override summary = 'Remove the worktree and the branch of a task; its patch is kept.';
  static override examples = ['<%= config.bin %> <%= command.id %> a3xz'];
  static override args = {
    task: argument({ description: 'Task: an id, part of an id, or last.', required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Discard);
    const app = await this.app(flags, 'act');
    const id = await resolveTask(app, args.task ?? 'last');
    const discarded = await discardTask(app, id);
    if (flags.json) return this.printJson(discarded);
    await this.print(`${id}  discarded, with ${discarded.branch}; \`koubou diff\` still shows its patch`);
  }
}
