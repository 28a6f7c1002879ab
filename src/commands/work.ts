import { draftFromDrop, requireRouteBy } from '../actions/draft-from-drop.ts';
import { type StartParts, startWorker } from '../actions/ensure-worker.ts';
import { isHeldIn } from '../actions/mark-sensitive.ts';
import { type HomeRequest, type OpenHome, openHome, requireSeal } from '../actions/open-home.ts';
import { configPlanner } from '../actions/routing.ts';
import { withApiKeys, workerSettings } from '../actions/worker-settings.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { flagsOf, wishesOf, workFlags } from '../cli/work-flags.ts';
import { ignoreHangUp, WorkerLog } from '../cli/worker-log.ts';
import { configWatch } from '../config/load.ts';
import { promptFolders, userHome } from '../config/paths.ts';
import type { Tell, WorkerEvent } from '../events.ts';
import { endHard } from '../process/end-hard.ts';
import { closeInherited, narrowUmask } from '../process/inherited.ts';
import { keyFolders } from '../process/key-folders.ts';
import { homesOf } from '../process/registered-homes.ts';
import { openQueue } from '../queue/open.ts';
import type { Queue } from '../queue/queue.ts';
import { buildRunners } from '../runner/registry.ts';
import { runDaemon } from '../worker/daemon.ts';

/** An agent's daemon in the foreground tells what became of tasks, and not what was in those that must stay. */
const teller = async (
  { caller, view }: OpenHome,
  log: WorkerLog,
): Promise<{ tell: Tell; told: () => Promise<unknown> }> => {
  const tell = (event: WorkerEvent): void => log.tell(event);
  if (caller.principal.role === 'owner') return { tell, told: async () => undefined };
  const { withheldEvents } = await import('../actions/withhold.ts');
  return withheldEvents(view, tell);
};

export default class Work extends BaseCommand {
  static override summary = 'Run the worker daemon in the foreground.';
  static override description =
    'On the first Ctrl-C or SIGTERM it claims no new tasks and lets the running ones finish; on the second it stops at once and returns them to the queue.';
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
    let outdated = (): boolean => false;
    const request: HomeRequest = {
      ...this.homeRequest(flags.home, 'act'),
      found: (home) => {
        outdated = configWatch(home);
      },
    };
    const loaded = await openHome(request, (options, { config }) => {
      const plan = configPlanner(config);
      const opened: Queue = openQueue({
        ...options,
        draftFromDrop: draftFromDrop({
          home: options.home,
          otherHomes: () => homesOf({ home: options.home, keys: keyFolders(this.environment) }),
          userHome: userHome(this.environment),
          priority: config.defaults.priority,
          nowMs: Date.now,
          sensitivePatterns: config.security.sensitive_patterns,
          requireRoute: requireRouteBy(plan),
          isHeld: (id) => isHeldIn(opened, plan)(id),
        }),
      });
      return opened;
    });
    const { queue, home, caller } = loaded;
    if (caller.principal.role !== 'owner') narrowUmask();
    const wishes = wishesOf(flags);
    if (flags.detach) {
      return this.#detach(loaded, flagsOf(wishes), flags.json);
    }
    const { version } = this.config;
    const seal = requireSeal(loaded);
    const log = new WorkerLog({
      json: flags.json,
      level: loaded.environment.logLevel,
      print: (line) => this.print(line),
    });
    const events = await teller(loaded, log);
    const end = await runDaemon({
      queue,
      runners: buildRunners(loaded.config, withApiKeys(loaded, this.environment), promptFolders(home), home),
      settings: {
        ...workerSettings(loaded.config, loaded.environment, this.environment, {
          version,
          home,
          seal,
          ...wishes,
        }),
        outdated,
        isTrusted: loaded.isTrusted,
      },
      tell: events.tell,
      onStopRequest: (listener) => log.stopRequests(listener),
    });
    await events.told();
    await log.written;
    if (end.hangs) endHard();
    if (end.kind === 'fenced') {
      this.hint('This worker was taken for dead and its tasks were given to others; it has ended.');
      this.exitWith(1);
    } else if (flags['exit-code'] && end.failed > 0) {
      this.exitWith(1);
    }
  }

  async #detach(opened: OpenHome, flags: string[], json: boolean): Promise<void> {
    const parts: StartParts = { ...opened, environment: this.environment };
    const { worker, logPath } = await startWorker(parts, flags);
    if (json) await this.printJson(worker);
    else await this.print(worker.worker_id);
    this.hint(`It works in the background and logs to ${logPath}; \`koubou stop\` ends it.`);
  }
}
