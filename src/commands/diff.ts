import { openHome } from '../actions/open-home.ts';
import { resolveTask } from '../actions/select.ts';
import { readPatch } from '../actions/worktrees.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { copyToStdout } from '../cli/copy.ts';
import { argument, revealFlag } from '../cli/flags.ts';
import { openQueue } from '../queue/open.ts';

export default class Diff extends BaseCommand {
  static override summary = 'Print what a code task changed, as a patch.';
  static override description =
    'Shows the last attempt that changed files, even if it failed. Outside a git repository it lists the names of the files.';
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
    const opened = await openHome(
      { ...this.homeRequest(flags.home, 'look'), reveal: flags.reveal },
      openQueue,
    );
    const { queue, view } = opened;
    const id = await resolveTask(queue, args.task ?? 'last', opened.environment.createdBy, this.tellOther);
    await view.requireShown(id);
    const { path, chunks } = await readPatch(queue, id);
    if (!flags.json) return copyToStdout(chunks());
    const pieces: Uint8Array[] = [];
    for await (const chunk of chunks()) pieces.push(chunk);
    await this.printJson({ task_id: id, patch: Buffer.concat(pieces).toString('utf8'), patch_path: path });
  }
}
