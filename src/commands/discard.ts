import { openHome } from '../actions/open-home.ts';
import { resolveTask } from '../actions/select.ts';
import { discardTask, worktreeParts } from '../actions/worktrees.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { argument } from '../cli/flags.ts';
import { openQueue } from '../queue/open.ts';

export default class Discard extends BaseCommand {
  static override summary = 'Remove the worktree and the branch of a task; its patch is kept.';
  static override examples = ['<%= config.bin %> <%= command.id %> a3xz'];
  static override args = {
    task: argument({ description: 'Task: an id, part of an id, or last.', required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Discard);
    const home = await openHome(this.homeRequest(flags.home, 'act'), openQueue);
    const id = await resolveTask(home.queue, args.task ?? 'last', home.environment.createdBy);
    const discarded = await discardTask(worktreeParts(home, this.cwd), id);
    if (flags.json) return this.printJson(discarded);
    await this.print(`${id}  discarded, with ${discarded.branch}; \`koubou diff\` still shows its patch`);
  }
}
