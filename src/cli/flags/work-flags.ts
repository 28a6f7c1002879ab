import { KoubouError } from '../../errors.ts';
import type { Until } from '../../worker/settings.ts';
import { boolean, duration, integer } from './flags.ts';

export const workFlags = {
  workers: integer({
    summary: 'Run exactly N tasks in parallel.',
    min: 1,
    max: 1000,
    helpValue: 'N',
    exclusive: ['min', 'max'],
  }),
  min: integer({ summary: 'Minimum number of parallel slots.', min: 1, max: 1000, helpValue: 'N' }),
  max: integer({ summary: 'Maximum number of parallel slots.', min: 1, max: 1000, helpValue: 'N' }),
  drain: boolean({ summary: 'Exit when no task is left that can run now.' }),
  'idle-exit': duration({ summary: 'Exit after this long without work.', exclusive: ['drain'] }),
  'exit-code': boolean({ summary: 'With --drain: exit with 1 if a task failed.', dependsOn: ['drain'] }),
  detach: boolean({ summary: 'Run in the background.', exclusive: ['drain'] }),
};

export interface WorkOptions {
  /** Slots; undefined leaves it to the config. */
  min: number | undefined;
  max: number | undefined;
  until: Until;
}

/** What the flags of `koubou work` ask for. Throws `usage` where they contradict each other. */
export const workOptions = (flags: {
  workers?: number | undefined;
  min?: number | undefined;
  max?: number | undefined;
  drain: boolean;
  'idle-exit'?: number | undefined;
}): WorkOptions => {
  const min = flags.workers ?? flags.min;
  const max = flags.workers ?? flags.max;
  if (min !== undefined && max !== undefined && min > max) {
    throw new KoubouError('usage', `--min ${min} is more than --max ${max}; no worker was started.`);
  }
  const seconds = flags['idle-exit'];
  if (flags.drain) return { min, max, until: { kind: 'drained' } };
  return { min, max, until: seconds === undefined ? { kind: 'stopped' } : { kind: 'idle', seconds } };
};
