import { resolveTask } from '../actions/tasks/select.ts';
import { patchDocument, readPatch } from '../actions/tasks/worktrees.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { argument, revealFlag } from '../cli/flags/flags.ts';
import { copyToStdout } from '../cli/show/copy.ts';

export default class Diff extends BaseCommand {
  static override summary = 'Print what a code task changed, as a patch.';
  static override description =
    'Shows what each attempt changed, oldest first, even if it failed; of a task with --worktree, the last one that changed files. Outside a git repository it lists the names of the files.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> a3xz | git apply --check',
  ];
  static override args = {
    task: argument({ description: 'Task: an id, part of an id, or last (the default).' }),
  };
  static override flags = { reveal: revealFlag() };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Diff);
    const app = await this.app(flags, 'look');
    const id = await resolveTask(app, args.task ?? 'last', this.tellOther);
    if (flags.json) return this.printJson(await patchDocument(app, id));
    const { chunks, unseen } = await readPatch(app, id);
    await copyToStdout(chunks());
    for (const run of unseen) this.hint(`What attempt ${run} changed is not known: its worker ended first.`);
  }
}
