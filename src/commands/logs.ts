import { readLog, readLogText } from '../actions/tasks/follow-log.ts';
import { resolveTask } from '../actions/tasks/select.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { argument, boolean, revealFlag } from '../cli/flags/flags.ts';
import { untilInterrupt } from '../cli/show/interrupt.ts';
import { printLog, printLogJson } from '../cli/show/print-log.ts';

export default class Logs extends BaseCommand {
  static override summary = 'Print the output of the model or program, attempt by attempt.';
  static override description =
    'With --json, each piece is a line {"task_id", "attempt", "stream", "text"}. With --follow, it exits when the task ends.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --follow',
    '<%= config.bin %> <%= command.id %> a3xz | less',
  ];
  static override args = {
    task: argument({ description: 'Task: an id, part of an id, or last (the default).' }),
  };
  static override flags = {
    follow: boolean({
      char: 'f',
      summary: 'Keep printing new output, across attempts, until the task ends.',
    }),
    reveal: revealFlag(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const app = await this.app(flags, 'look');
    const id = await resolveTask(app, args.task ?? 'last', this.tellOther);
    const signal = flags.follow ? untilInterrupt() : new AbortController().signal;
    const options = { follow: flags.follow, signal };
    const shown = flags.json
      ? await printLogJson(this, readLogText(app, id, options))
      : await printLog(this, readLog(app, id, options));
    if (signal.aborted) this.exitWith(Number(signal.reason));
    else if (shown === 0) this.hint(`${id} has printed nothing.`);
  }
}
