// Who may import whom: stated here, held by imports.test.ts and, for editors, by the linter's rules made of it.

/** What everything may import. */
export const EVERYWHERE: readonly string[] = ['errors.ts', 'say'];

/** What a folder may import besides itself and EVERYWHERE: everything right of it, in the order of architecture.md. */
const below = {
  process: ['names', 'task', 'text', 'events.ts'],
  middle: ['process', 'names', 'task', 'text', 'events.ts'],
  runner: ['executor', 'judge', 'process', 'names', 'task', 'text', 'events.ts'],
  worker: [
    'executor',
    'queue',
    'runner',
    'verify',
    'worktree',
    'route',
    'judge',
    'process',
    'names',
    'task',
    'text',
    'events.ts',
  ],
  app: [
    'access',
    'config',
    'home',
    'worker',
    'executor',
    'queue',
    'runner',
    'verify',
    'worktree',
    'route',
    'judge',
    'process',
    'names',
    'task',
    'text',
    'events.ts',
  ],
} as const;

/** What uses the program put together. */
const above = ['app', 'plan', 'review', ...below.app] as const;

export const LAYERS: Record<string, readonly string[]> = {
  say: [],
  'errors.ts': [],
  'events.ts': [],
  text: [],
  home: ['process', 'text'],
  names: ['text'],
  task: ['text'],
  access: [],
  process: below.process,
  route: ['task', 'text'],
  queue: below.middle,
  executor: below.middle,
  judge: ['task', 'text'],
  runner: below.runner,
  verify: below.runner,
  worktree: below.middle,
  worker: below.worker,
  plan: below.worker,
  review: below.worker,
  config: ['access', 'process', 'names', 'task', 'text', 'events.ts'],
  app: below.app,
  actions: above,
  cli: [
    'access',
    'app',
    'actions',
    'worker',
    'queue',
    'runner',
    'verify',
    'worktree',
    'route',
    'task',
    'text',
    'events.ts',
  ],
  commands: ['cli', 'actions', ...above],
  http: ['actions', ...above],
  mcp: ['actions', ...above],
  'index.ts': ['actions', ...above],
};

/** Which files put the parts together. */
export const COMPOSITION_ROOT = /^(app\/|index\.ts$)/;
/** Where homes are looked for, and the one place that asks, so that no command goes past its refusals. */
export const HOME_DOORS: readonly string[] = ['config/paths.ts', 'app/open-home.ts'];
/** Of the programs of runs and their checks: everything else goes through the port that these are behind. */
export const PROGRAM_STARTERS = /^(executor\/|process\/spawn\.ts$)/;
/** What names the backends and the kinds of runners. */
export const COMPOSITION: readonly string[] = ['queue/open.ts', 'runner/registry.ts'];

/** What each folder shows to the ones left of it; the composition root sees more. */
export const DOORS: Record<string, string> = {
  queue: 'queue/queue.ts',
  runner: 'runner/runner.ts',
  judge: 'judge/judge.ts',
};
