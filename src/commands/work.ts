import { dirname } from 'node:path';
import { draftFromDrop } from '../actions/draft-from-drop.ts';
import { startWorker } from '../actions/ensure-worker.ts';
import { withApiKeys, workerSettings } from '../actions/worker-settings.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { boolean, duration, integer } from '../cli/flags.ts';
import { WorkerLog } from '../cli/worker-log.ts';
import { loadConfig } from '../config/load.ts';
import { findHome, promptFolders } from '../config/paths.ts';
import { KoubouError } from '../errors.ts';
import { openQueue } from '../queue/open.ts';
import type { Queue } from '../queue/queue.ts';
import { buildRunners } from '../runner/registry.ts';
import { runDaemon } from '../worker/daemon.ts';
import type { Until } from '../worker/settings.ts';

export default class Work extends BaseCommand {
  static override summary = 'Works the queue off: the daemon, in the foreground.';
  static override description =
    'A first Ctrl-C or SIGTERM takes nothing new and lets what runs end; a second one stops at once, and what ran goes back to the queue.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'Do what is there, then end:', command: '<%= config.bin %> <%= command.id %> --drain' },
    { description: 'In the background:', command: '<%= config.bin %> <%= command.id %> --detach' },
  ];
  static override usage = '<%= command.id %> [FLAGS]';
  static override flags = {
    workers: integer({
      summary: 'Exactly so many tasks at once.',
      min: 1,
      max: 1000,
      helpValue: 'N',
      exclusive: ['min', 'max'],
    }),
    min: integer({ summary: 'At least so many slots.', min: 1, max: 1000, helpValue: 'N' }),
    max: integer({ summary: 'At most so many slots.', min: 1, max: 1000, helpValue: 'N' }),
    drain: boolean({ summary: 'End when everything that can be done now is done.' }),
    'idle-exit': duration({ summary: 'End after so long without work.', exclusive: ['drain'] }),
    'exit-code': boolean({ summary: 'With --drain: exit 1 when a task failed.', dependsOn: ['drain'] }),
    detach: boolean({ summary: 'Work in the background.', exclusive: ['drain'] }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Work);
    const home = findHome({ flag: flags.home, environment: this.environment, cwd: this.cwd });
    const loaded = await loadConfig({ home, environment: this.environment });
    const queue = openQueue({
      home,
      draftFromDrop: draftFromDrop({
        cwd: dirname(home),
        priority: loaded.config.defaults.priority,
        nowMs: Date.now,
        sensitivePatterns: loaded.config.security.sensitive_patterns,
      }),
    });
    const min = flags.workers ?? flags.min;
    const max = flags.workers ?? flags.max;
    if (min !== undefined && max !== undefined && min > max) {
      throw new KoubouError('usage', `--min ${min} is more than --max ${max}; no worker was started.`);
    }
    if (flags.detach) {
      await this.#detach(queue, home, { min, max, idleExit: flags['idle-exit'] }, flags.json);
      return;
    }
    const idleExit = flags['idle-exit'];
    const until: Until = flags.drain
      ? { kind: 'drained' }
      : idleExit === undefined
        ? { kind: 'stopped' }
        : { kind: 'idle', seconds: idleExit };
    const { version } = this.config;
    const log = new WorkerLog({
      json: flags.json,
      level: loaded.environment.logLevel,
      print: (line) => this.print(line),
    });
    const end = await runDaemon({
      queue,
      runners: buildRunners(loaded.config, withApiKeys(loaded, this.environment), promptFolders(home), home),
      settings: workerSettings(loaded.config, loaded.environment, this.environment, {
        version,
        home,
        min,
        max,
        until,
      }),
      tell: (event) => log.tell(event),
      onStopRequest: (listener) => this.#listenForStop(log, listener),
    });
    await log.written;
    if (end.kind === 'fenced') {
      this.hint('This worker was taken for dead and its tasks were given to others; it has ended.');
      this.exitWith(1);
    } else if (flags['exit-code'] && end.failed > 0) {
      this.exitWith(1);
    }
  }

  async #detach(
    queue: Queue,
    home: string,
    { min, max, idleExit }: Record<'min' | 'max' | 'idleExit', number | undefined>,
    json: boolean,
  ): Promise<void> {
    const flags = [
      min === undefined ? [] : ['--min', `${min}`],
      max === undefined ? [] : ['--max', `${max}`],
      idleExit === undefined ? [] : ['--idle-exit', `${idleExit}s`],
    ].flat();
    const { worker, logPath } = await startWorker({ queue, home, environment: this.environment }, flags);
    if (json) await this.printJson(worker);
    else await this.print(worker.worker_id);
    this.hint(`It works in the background and logs to ${logPath}; \`koubou stop\` ends it.`);
  }

  #listenForStop(log: WorkerLog, listener: () => void): () => void {
    const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, listener);
    log.onReaderGone = listener;
    return () => {
      for (const signal of signals) process.removeListener(signal, listener);
      log.onReaderGone = () => undefined;
    };
  }
}
