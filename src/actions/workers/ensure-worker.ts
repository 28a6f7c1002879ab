/** Starts a daemon in the background, exactly one however many callers ask at once. */
import { join } from 'node:path';
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { livingWorker } from '../../app/living.ts';
import { ownProgram } from '../../app/own-program.ts';
import type { Variables } from '../../config/environment.ts';
import { readVariables } from '../../config/load.ts';
import { KoubouError } from '../../errors.ts';
import { TOLD } from '../../executor/guarded/named-secrets.ts';
import { placesToTell } from '../../executor/guarded/secret-places.ts';
import { makeOwnFolder } from '../../names/own-folder.ts';
import { lockPath, tryLock } from '../../process/lock.ts';
import { daemonEnvironment } from '../../process/programs/daemon-environment.ts';
import { startDetached } from '../../process/programs/detach.ts';
import type { WorkerInfo } from '../../queue/queue.ts';
import { argumentsOf } from '../../say/command-line.ts';
import type { ActionMark } from '../../say/marks.ts';
import { action, field, say } from '../../say/say.ts';
import type { Until } from '../../worker/settings.ts';
import { refuseInSandbox } from './sandbox-here.ts';

/** Seconds without work after which a daemon that was started by a waiting command ends. */
const IDLE_SECONDS = 30;
const START_TIMEOUT_MS = 15_000;
const POLL_MS = 25;
const UNDONE = 'No worker was started.';
/** Whoever starts one needs no longer. */
const LONGEST_WAIT_MS = START_TIMEOUT_MS + 1000;

type StartApp = Pick<App, 'queue' | 'home' | 'outer' | 'config' | 'caller' | 'clock'>;

/**
 * Makes sure that a daemon lives. Throws `internal` with the log's path when one cannot be started, and
 * `runner_unavailable` where one must not be.
 */
export const ensureWorker = async (parts: StartApp): Promise<'alive' | 'started'> => {
  if ((await livingWorker(parts.queue)) !== undefined) return 'alive';
  requireAllowed(parts.caller, 'work', { undone: UNDONE });
  refuseInSandbox(parts.outer);
  const path = lockPath(parts.home, 'autostart');
  const { clock } = parts;
  const untilMs = clock.steadyMs() + LONGEST_WAIT_MS;
  for (;;) {
    const lock = tryLock(path, { passUnseen: true });
    // Two daemons do no harm: nobody waits for one that cannot be seen, or that was stopped in the middle.
    if (lock.held || clock.steadyMs() > untilMs) {
      try {
        if ((await livingWorker(parts.queue)) !== undefined) return 'alive';
        await startWorker(parts, { until: { kind: 'idle', seconds: IDLE_SECONDS } });
        return 'started';
      } finally {
        if (lock.held) lock.release();
      }
    }
    await clock.sleep(POLL_MS);
    if ((await livingWorker(parts.queue)) !== undefined) return 'alive';
  }
};

/** A person's own goes on as it is: their shell is what they work with. */
const environmentOfDaemon = ({ outer: environment, caller, config, home }: StartApp): Variables => {
  if (caller.principal.role === 'owner') return environment;
  const { endpoints, security } = config;
  // A key that config/.env has is the one for everybody's prompts, whatever an agent's environment says.
  const { variables: said } = readVariables(home, {});
  const keys = Object.values(endpoints).flatMap(({ api_key_env: name }) =>
    name === undefined || said[name]?.trim() ? [] : name,
  );
  return {
    ...daemonEnvironment(environment, [...keys, ...security.env_pass]),
    // It hides what the user's variables name, though it does not get them.
    [TOLD]: placesToTell(environment),
  };
};

/** What is left out is the config's. */
export interface DaemonOptions {
  /** Slots. */
  min?: number | undefined;
  max?: number | undefined;
  until: Until;
}

const daemonAction = (home: string, { min, max, until }: DaemonOptions): ActionMark =>
  action(
    'work',
    field('home', home),
    ...(min === undefined ? [] : [field('min', `${min}`)]),
    ...(max === undefined ? [] : [field('max', `${max}`)]),
    ...(until.kind === 'idle' ? [field('idle_exit', `${until.seconds}s`)] : []),
    ...(until.kind === 'drained' ? [field('drain')] : []),
  );

/** Starts a daemon in the background; answers once it has joined the queue. */
export const startWorker = async (
  parts: StartApp,
  wishes: DaemonOptions,
): Promise<{ worker: WorkerInfo; logPath: string }> => {
  const { queue, home, outer, clock } = parts;
  requireAllowed(parts.caller, 'work', { undone: UNDONE });
  refuseInSandbox(outer);
  const known = new Set((await queue.workers()).map((worker) => worker.worker_id));
  const logPath = join(
    makeOwnFolder(home, 'logs', 'workers'),
    `${new Date(clock.wallMs()).toISOString().slice(0, 10)}.log`,
  );
  const { pid, ended } = startDetached({
    ...ownProgram(argumentsOf(daemonAction(home, wishes))),
    // Not the caller's folder: a daemon must not keep a folder busy that somebody wants to unmount.
    cwd: home,
    environment: environmentOfDaemon(parts),
    logPath,
  });
  let exit: number | null | undefined;
  void ended.then((code) => {
    exit = code;
  });
  const until = clock.steadyMs() + START_TIMEOUT_MS;
  while (exit === undefined && clock.steadyMs() < until) {
    const worker = (await queue.workers()).find((each) => each.pid === pid && !known.has(each.worker_id));
    if (worker !== undefined) return { worker, logPath };
    await clock.sleep(POLL_MS);
  }
  const how = exit === undefined ? `did not join within ${START_TIMEOUT_MS / 1000} s` : `ended with ${exit}`;
  throw new KoubouError('internal', `The background worker ${how}; the tasks stay queued.`, {
    hint: say`See ${logPath}, or run ${action('work')} in the foreground.`,
  });
};
