// Who may import whom: stated here, held by imports.test.ts and, for editors, by the linter's rules made of it.

/** What everything may import. */
export const EVERYWHERE: readonly string[] = ['errors.ts', 'say'];

const words = ['task', 'privacy', 'text', 'events.ts'] as const;
const middle = ['git', 'process', 'names', ...words] as const;
const runner = ['executor', 'judge', ...middle] as const;
const worker = ['queue', 'runner', 'verify', 'worktree', 'route', ...runner] as const;
const app = ['access', 'config', 'init', 'home', 'worker', ...worker] as const;
/** What uses the program put together. */
const above = ['app', 'plan', 'review', ...app] as const;

/** What a folder may import besides itself and EVERYWHERE. */
export const LAYERS: Record<string, readonly string[]> = {
  say: [],
  'errors.ts': [],
  'events.ts': [],
  text: [],
  privacy: ['text'],
  task: ['text'],
  names: ['text'],
  access: [],
  home: ['process', 'text'],
  process: ['names', ...words],
  git: ['process', 'names', ...words],
  route: ['task', 'privacy', 'text'],
  queue: middle,
  executor: middle,
  judge: ['task', 'privacy', 'text'],
  runner,
  verify: runner,
  worktree: middle,
  worker,
  plan: worker,
  review: worker,
  config: ['access', 'process', 'names', ...words],
  init: ['config', 'process', 'names', ...words],
  app,
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
export const PROGRAM_STARTERS = /^(executor\/|process\/programs\/start-program\.ts$)/;
/** What names the backends and the kinds of runners. */
export const COMPOSITION: readonly string[] = ['queue/open.ts', 'runner/registry.ts'];

/** What each folder shows to the ones left of it; the composition root sees more. */
export const DOORS: Record<string, string> = {
  queue: 'queue/queue.ts',
  runner: 'runner/runner.ts',
  judge: 'judge/judge.ts',
};
