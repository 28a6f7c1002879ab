import { startWorker } from '../actions/workers/ensure-worker.ts';
import { openWorkerApp, runWorker } from '../actions/workers/run-worker.ts';
import type { App } from '../app/app.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { type WorkOptions, workFlags, workOptions } from '../cli/flags/work-flags.ts';
import { ignoreHangUp, WorkerLog } from '../cli/show/worker-log.ts';
import { endHard } from '../process/programs/end-hard.ts';
import { closeInherited, narrowUmask } from '../process/programs/inherited.ts';

export default class Work extends BaseCommand {
  static override summary = 'Run the worker daemon in the foreground.';
  static override description =
    'On the first Ctrl-C or SIGTERM, claims no new tasks and lets the running ones finish; on the second, stops at once and returns them to the queue.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'Run everything that is queued, then exit:',
      command: '<%= config.bin %> <%= command.id %> --drain',
    },
    { description: 'In the background:', command: '<%= config.bin %> <%= command.id %> --detach' },
  ];
  static override usage = '<%= command.id %> [FLAGS]';
  static override flags = workFlags;

  async run(): Promise<void> {
    ignoreHangUp();
    closeInherited(this.environment['NODE_CHANNEL_FD']);
    const { flags } = await this.parse(Work);
    const app = await openWorkerApp(this.appRequest(flags, 'act'));
    if (app.caller.principal.role !== 'owner') narrowUmask();
    const wishes = workOptions(flags);
    if (flags.detach) return this.#detach(app, wishes, flags.json);
    const log = new WorkerLog({
      json: flags.json,
      level: app.environment.logLevel,
      print: (line) => this.print(line),
    });
    const end = await runWorker(app, {
      ...wishes,
      version: this.config.version,
      emit: (event) => log.emit(event),
      onStopRequest: (listener) => log.stopRequests(listener),
    });
    await log.written;
    if (end.hangs) endHard();
    if (end.kind === 'fenced') {
      this.hint('This worker was taken for dead and its tasks were given to others; it has ended.');
      this.exitWith(1);
    } else if (flags['exit-code'] && end.failed > 0) {
      this.exitWith(1);
    }
  }

  async #detach(app: App, wishes: WorkOptions, json: boolean): Promise<void> {
    const { worker, logPath } = await startWorker(app, wishes);
    if (json) await this.printJson(worker);
    else await this.print(worker.worker_id);
    this.hint(`It works in the background and logs to ${logPath}; \`koubou stop\` ends it.`);
  }
}
