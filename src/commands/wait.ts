import { BaseCommand } from '../cli/base-command.ts';
import { boolean, duration, restArguments, revealFlag } from '../cli/flags/flags.ts';
import { labelFlag } from '../cli/flags/labels.ts';
import { NAMED_TASKS, namedTasks } from '../cli/flags/named-tasks.ts';
import { printRecords } from '../cli/show/print-records.ts';
import { tellFailures } from '../cli/show/print-results.ts';
import { waitInTerminal } from '../cli/show/wait-in-terminal.ts';

export default class Wait extends BaseCommand {
  static override summary = 'Wait until tasks have ended.';
  static override description =
    'Prints how each task ended, and exits with 1 if one failed. Starts a worker if none runs. Without --timeout it ' +
    'waits as long as it takes; called by an agent it waits 110 seconds, and "still running" is then no failure.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> a3xz k8mq --timeout 10m',
    '<%= config.bin %> <%= command.id %> --label batch=docs',
  ];
  static override args = {
    tasks: restArguments({ description: NAMED_TASKS }),
  };
  static override flags = {
    timeout: duration({ summary: 'Stop waiting after this time and exit with 4; the tasks go on.' }),
    any: boolean({ summary: 'Wait only for the first task that ends.' }),
    label: labelFlag(),
    reveal: revealFlag(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Wait);
    const app = await this.app(flags, 'act');
    const { ids, again } = await namedTasks(this, app, args.tasks, flags.label);
    const ended = await waitInTerminal(this, {
      app,
      ids,
      any: flags.any,
      limit: flags.timeout,
      json: flags.json,
      strict: false,
      home: flags.home,
      again,
    });
    if (ended === undefined) return;
    if (flags.json) await printRecords(this, app, ended, ids.length === 1);
    else for (const id of ended) await this.print(`${id} ${await app.queue.state(id)}`);
    await tellFailures(this, app, ended);
  }
}
