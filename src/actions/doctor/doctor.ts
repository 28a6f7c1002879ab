/** Checks everything a task needs, each fault with its cure. */

import { backend } from '../../app/app.ts';
import { isLiving } from '../../app/living.ts';
import { examineHome } from '../../app/open-home.ts';
import { goneVariables, unheardVariables, type Variables } from '../../config/environment.ts';
import type { Loaded } from '../../config/load.ts';
import { KoubouError, toErrorInfo } from '../../errors.ts';
import type { Queue, WorkerInfo } from '../../queue/queue.ts';
import { action, field, say } from '../../say/say.ts';
import { checkCodexes } from './codex.ts';
import { checkDisk } from './disk.ts';
import type { Finding } from './finding.ts';
import { checkModels } from './models.ts';

export interface DoctorReport {
  ok: boolean;
  checks: Finding[];
}

export interface DoctorRequest {
  cwd: string;
  environment: Variables;
  /** --home */
  home?: string | undefined;
  /** As process.versions.node says. */
  nodeVersion: string;
  openQueue?: (home: string) => Pick<Queue, 'workers' | 'close'>;
}

const OLDEST_NODE = [22, 22];

/**
 * Throws `untrusted_home` and `not_allowed`: nothing that such a home says is asked of anybody. Never throws for what else it finds: a
 * check that could not be made is a check that failed.
 */
export const doctor = async (request: DoctorRequest): Promise<DoctorReport> => {
  const { environment } = request;
  const checks: Finding[] = [checkNode(request.nodeVersion)];
  const examined = await attempt(
    checks,
    'home',
    () => examineHome(request),
    ({ home }) => `Found at ${home}.`,
  );
  if (examined !== undefined) {
    const { home, config } = examined;
    checks.push(await checkDisk(home));
    const loaded = await attempt(checks, 'config', () => {
      if ('fault' in config) throw config.fault;
      return config.loaded;
    });
    if (loaded) {
      checks.push(...(await checkModels(loaded)), ...(await checkCodexes(loaded, environment)));
      checks.push(await checkDaemon(request, loaded));
    }
  }
  checks.push(...goneVariables(environment).map(({ name, advice }) => gone(name, advice)));
  checks.push(...unheardVariables(environment).map(unheard));
  return { ok: checks.every(({ ok }) => ok), checks };
};

/** Adds what came of it as a check; undefined where it failed. */
const attempt = async <T>(
  checks: Finding[],
  name: string,
  work: () => T | Promise<T>,
  praise: (value: T) => string = () => 'Read without fault.',
): Promise<T | undefined> => {
  try {
    const value = await work();
    checks.push({
      name,
      ok: true,
      message: praise(value),
      cure: null,
    });
    return value;
  } catch (error) {
    if (error instanceof KoubouError && ['untrusted_home', 'not_allowed'].includes(error.code)) throw error;
    const { message, hint } = saidOf(error);
    checks.push({ name, ok: false, message, cure: hint });
    return undefined;
  }
};

const saidOf = (error: unknown): KoubouError['said'] =>
  error instanceof KoubouError ? error.said : toErrorInfo(error);

const checkNode = (version: string): Finding => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldest = 0, least = 0] = OLDEST_NODE;
  const ok = major > oldest || (major === oldest && minor >= least);
  return {
    name: 'node',
    ok,
    message: `Node ${version}.`,
    cure: ok ? null : `Install Node ${OLDEST_NODE.join('.')} or newer.`,
  };
};

const unheard = (name: string): Finding => ({
  name,
  ok: true,
  message: 'It is not followed when an agent calls: it could send the prompts of others elsewhere.',
  cure: 'A person writes it into config/.env, or what it says into config/agent.yaml.',
});

const gone = (name: string, advice: string): Finding => ({
  name: `variable ${name}`,
  ok: true,
  message: `${name} is set and means nothing to koubou.`,
  cure: advice,
});

const checkDaemon = async (
  { openQueue = (home) => backend.openQueue({ home }) }: DoctorRequest,
  { home }: Loaded,
): Promise<Finding> => {
  const name = 'daemon';
  try {
    const queue = openQueue(home);
    try {
      return aboutWorkers(name, await queue.workers());
    } finally {
      await queue.close();
    }
  } catch (error) {
    const { message, hint } = saidOf(error);
    return { name, ok: false, message: say`The queue cannot be read: ${message}`, cure: hint };
  }
};

/** None is no fault: a wait starts one. */
const aboutWorkers = (name: string, workers: readonly WorkerInfo[]): Finding => {
  const alive = new Set(workers.filter(isLiving).map(({ pid, host }) => `${pid} on ${host}`));
  if (alive.size > 0)
    return { name, ok: true, message: `Running: process ${[...alive].join(', ')}.`, cure: null };
  return {
    name,
    ok: true,
    message: 'None runs. Commands that wait for a task start one.',
    cure: say`${action('work', field('detach'))} starts one that stays.`,
  };
};
