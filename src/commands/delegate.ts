import { delegate, wantsStdin } from '../actions/delegate/delegate.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { batchFrom } from '../cli/flags/batch-flag.ts';
import { delegateFlags, fieldsOf } from '../cli/flags/delegate-flags.ts';
import { restArguments, revealFlag } from '../cli/flags/flags.ts';
import { promptFrom } from '../cli/flags/prompt-words.ts';
import { tellDelegated } from '../cli/show/added.ts';
import { systemClock } from '../process/clock.ts';

export default class Delegate extends BaseCommand {
  static override summary = 'Add a task: a prompt for a model, or a program.';
  static override description =
    'Prints the id of the task as soon as the task is safely on disk. The prompt can also come from stdin.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --file src/a.ts "Explain what this does."',
    'git diff | <%= config.bin %> <%= command.id %> --file - --wait "Review this."',
    '<%= config.bin %> <%= command.id %> --type command --wait -- npm test',
    `<%= config.bin %> <%= command.id %> --each 'docs/*.md' "Summarise {file}." --output 'out/{stem}.txt'`,
  ];
  static override usage = '<%= command.id %> [PROMPT] [FLAGS] [-- PROGRAM...]';
  static override args = { prompt: restArguments({ description: 'What to do.' }) };
  static override flags = { ...delegateFlags, reveal: revealFlag() };
  static override takesWords = true;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Delegate);
    const prompt = promptFrom(args.prompt ?? [], flags, () => this.stdinIsPiped);
    const fields = fieldsOf(flags, prompt, this.words, systemClock.wallMs());
    const app = await this.app(flags, 'act');
    const { each, 'skip-existing': skipExisting } = flags;
    const batch = await batchFrom(this, app, flags.batch);
    const request = { fields, each, batch, skipExisting };
    const stdin = wantsStdin(request) ? await this.readStdin() : undefined;
    const delegated = await delegate({ ...request, stdin }, app);
    const { wait, json, home } = flags;
    if (!wait) return tellDelegated(this, app, delegated, { json, home });
    const { resultsOfDelegated } = await import('../cli/show/added-and-waited.ts');
    return resultsOfDelegated(this, app, delegated, { json, home, limit: flags['wait-timeout'] });
  }
}
