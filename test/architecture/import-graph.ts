import { posix } from 'node:path';

/** Path below src, with its text. */
export type Sources = ReadonlyMap<string, string>;

interface Import {
  from: string;
  /** A path below src, or the name of a package. */
  to: string;
}

/** What a folder may import besides itself and errors.ts: everything right of it, in the order of architecture.md. */
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
  actions: [
    'access',
    'config',
    'home',
    'worker',
    'plan',
    'review',
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

const may: Record<string, readonly string[]> = {
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
  actions: below.actions,
  cli: [
    'access',
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
  commands: ['cli', 'actions', ...below.actions],
  http: ['actions', ...below.actions],
  mcp: ['actions', ...below.actions],
  'index.ts': ['actions', ...below.actions],
};

const entryPoint = /^(commands\/|http\/|mcp\/|index\.ts$|worker\/daemon\.ts$)/;
/** Where homes are looked for, and the one place that asks, so that no command goes past its refusals. */
const HOME_DOORS = ['config/paths.ts', 'actions/open-home.ts'];
const composition = ['queue/open.ts', 'runner/registry.ts'];

/** What each folder shows to the ones left of it; entry points see the composition as well. */
const doors: Record<string, string> = {
  queue: 'queue/queue.ts',
  runner: 'runner/runner.ts',
  judge: 'judge/judge.ts',
};

export function violations(sources: Sources): string[] {
  const imports = [...sources].flatMap(([from, text]) => importsOf(from, text));
  return [
    ...imports.flatMap((each) => layering(each)),
    ...imports
      .filter(({ from, to }) => to === 'execa' && folderOf(from) !== 'process')
      .map(({ from }) => `${from} imports execa: only src/process starts programs`),
    ...[...sources]
      .filter(([from, text]) => !/^(config|cli)\//.test(from) && readsEnvironment(text))
      .map(([from]) => `${from} reads process.env: only src/config and src/cli do`),
    ...[...sources]
      .filter(([from, text]) => !HOME_DOORS.includes(from) && /\bfindHome\b/.test(withoutComments(text)))
      .map(([from]) => `${from} looks for a home: only actions/open-home.ts does, and judges whose it is`),
    ...cycles(imports).map((cycle) => `cycle: ${cycle.join(' -> ')}`),
  ];
}

function layering({ from, to }: Import): string[] {
  if (!to.endsWith('.ts')) return [];
  const [left, right] = [folderOf(from), folderOf(to)];
  if (composition.includes(to) && left !== right) {
    return entryPoint.test(from) ? [] : [`${from} imports ${to}: only entry points do`];
  }
  if (left === right || to === 'errors.ts') return [];
  if (!may[left]) return [`${left} has no place in the order of layers (test/architecture/import-graph.ts)`];
  if (!may[left].includes(right)) return [`${from} imports ${to}: ${left} may not know ${right}`];
  const door = doors[right];
  return door && to !== door ? [`${from} imports ${to}: only ${door} is seen from outside`] : [];
}

function importsOf(from: string, text: string): Import[] {
  const code = withoutComments(text);
  const found = [
    ...code.matchAll(/^\s*(?:import|export)\b[^'";]*?\bfrom\s*(['"])(.+?)\1/gm),
    ...code.matchAll(/^\s*import\s*(['"])(.+?)\1/gm),
    ...code.matchAll(/\bimport\(\s*(['"])(.+?)\1/g),
  ];
  return found.map(([, , specifier = '']) => ({
    from,
    to: specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier,
  }));
}

function readsEnvironment(text: string): boolean {
  return /\bprocess\s*\.\s*env\b|from 'node:process'/.test(withoutComments(text));
}

function withoutComments(text: string): string {
  return text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
}

function folderOf(file: string): string {
  return file.split('/', 1)[0] ?? file;
}

/** One cycle for each import that closes one, the first file named again at the end. */
function cycles(imports: readonly Import[]): string[][] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const found: string[][] = [];
  const visit = (file: string, path: string[]) => {
    const at = path.indexOf(file);
    if (at !== -1) found.push([...path.slice(at), file]);
    if (at !== -1 || done.has(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}
