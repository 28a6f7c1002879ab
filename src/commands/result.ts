import { BaseCommand } from '../cli/base-command.ts';
import { boolean, choice, integer, restArguments, revealFlag } from '../cli/flags/flags.ts';
import { labelFlag } from '../cli/flags/labels.ts';
import { NAMED_TASKS, namedTasks } from '../cli/flags/named-tasks.ts';
import { printResults, tellNotEnded } from '../cli/show/print-results.ts';
import { waitInTerminal } from '../cli/show/wait-in-terminal.ts';

export default class Result extends BaseCommand {
  static override summary = 'Print what a task produced, and nothing else.';
  static override description =
    'Exits with 1 and the reason if the task failed, and with 4 and nothing on stdout if it has not ended.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> a3xz --wait > summary.md',
    '<%= config.bin %> <%= command.id %> --label batch=docs --format jsonl',
  ];
  static override args = {
    tasks: restArguments({ description: NAMED_TASKS }),
  };
  static override flags = {
    wait: boolean({ summary: 'Wait until the task has ended.' }),
    head: integer({
      summary: 'Print only the first N lines.',
      min: 0,
      helpValue: 'N',
      exclusive: ['tail'],
    }),
    tail: integer({ summary: 'Print only the last N lines.', min: 0, helpValue: 'N' }),
    format: choice({
      summary: 'Print many results with headings (md), or as records.',
      options: ['md', 'json', 'jsonl'] as const,
    })(),
    label: labelFlag(),
    reveal: revealFlag(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Result);
    const app = await this.app(flags, flags.wait ? 'act' : 'look');
    const { ids, again } = await namedTasks(this, app, args.tasks, flags.label);
    const { wait, home, json, head, tail } = flags;
    const waiting = { app, ids, any: false, limit: undefined, json, strict: true, home, again };
    if (wait && (await waitInTerminal(this, waiting)) === undefined) return;
    if (!wait && (await tellNotEnded(this, app.queue, ids, { home, again }))) return;
    await printResults(this, app, ids, {
      head,
      tail,
      format: flags.format ?? (json ? 'json' : undefined),
    });
  }
}
