/** Samples and their medians; homes and processes for the benchmarks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileHome } from '../src/queue/files/layout/create-home.ts';
import type { Seal } from '../src/queue/files/layout/seal.ts';
import type { NewTask } from '../src/task/record.ts';
import { sign, stateHome } from '../test/support/state.ts';

export const quantile = (samples: readonly number[], part: number): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
};

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** Runs `action` with a fresh home, which goes afterwards. */
export const withHome = async <T>(action: (home: string, seal: Seal) => Promise<T>): Promise<T> => {
  const root = mkdtempSync(join(tmpdir(), 'koubou-bench-'));
  try {
    const home = join(root, 'home');
    await createFileHome(home, { allowNetworkFs: false });
    return await action(home, sign(home));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

/** Certificates read at every start of Node would be measured too. */
export const environment = (): Record<string, string> => {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, XDG_STATE_HOME: stateHome };
};

export const commandTask = (over: Partial<NewTask> = {}): NewTask => ({
  type: 'command',
  prompt: '',
  command: ['true'],
  files: [],
  context: {},
  difficulty: null,
  cwd: '/',
  priority: 5,
  labels: {},
  created_by: 'bench',
  sensitive: false,
  options: {},
  after: [],
  after_any: [],
  not_before: null,
  key: null,
  ...over,
});

export interface Row {
  what: string;
  figure: string;
  target: string;
}

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
export const times = (value: number): string => `${value.toFixed(2)}x`;
export const perSecond = (count: number, milliseconds: number): string =>
  `${Math.round((count / milliseconds) * 1000)}/s`;
