import { KoubouError } from '../errors.ts';
import type { Until } from '../worker/settings.ts';
import { boolean, duration, integer } from './flags.ts';

export const workFlags = {
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

export interface Wishes {
  /** Slots; undefined leaves it to the config. */
  min: number | undefined;
  max: number | undefined;
  until: Until;
}

/** What the flags of `koubou work` ask for. Throws `usage` where they contradict each other. */
export const wishesOf = (flags: {
  workers?: number | undefined;
  min?: number | undefined;
  max?: number | undefined;
  drain: boolean;
  'idle-exit'?: number | undefined;
}): Wishes => {
  const min = flags.workers ?? flags.min;
  const max = flags.workers ?? flags.max;
  if (min !== undefined && max !== undefined && min > max) {
    throw new KoubouError('usage', `--min ${min} is more than --max ${max}; no worker was started.`);
  }
  const seconds = flags['idle-exit'];
  if (flags.drain) return { min, max, until: { kind: 'drained' } };
  return { min, max, until: seconds === undefined ? { kind: 'stopped' } : { kind: 'idle', seconds } };
};

/** The same wishes as flags, for a daemon in the background. */
export const flagsOf = ({ min, max, until }: Wishes): string[] =>
  [
    min === undefined ? [] : ['--min', `${min}`],
    max === undefined ? [] : ['--max', `${max}`],
    until.kind === 'idle' ? ['--idle-exit', `${until.seconds}s`] : [],
  ].flat();
