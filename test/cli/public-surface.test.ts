import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findCommands } from '../../build/commands.ts';
import { openQueue } from '../../src/queue/open.ts';
import { worker } from '../support/builders.ts';
import { koubou } from '../support/koubou/koubou.ts';
import { signAnew } from '../support/state.ts';

const repository = dirname(dirname(import.meta.dirname));
const snapshot = join(import.meta.dirname, 'public-surface.json');

type Shape = string | [Shape] | { [name: string]: Shape };

/** Objects whose names are not ours to promise. */
const MAPS = new Set(['labels', 'progress', 'down', 'context', 'options', 'places']);
/** Told once, under its own name. */
const KNOWN: readonly (readonly [name: string, marks: readonly string[]])[] = [
  ['task record', ['task_id', 'attempts', 'created_at']],
  ['worker', ['worker_id', 'last_heartbeat']],
  ['error', ['code', 'message', 'hint']],
];

/** Names and types; of a list, what all its elements have together. `whole` spells out what has a name. */
const shapeOf = (value: unknown, whole = false): Shape => {
  if (Array.isArray(value)) return [value.map((each) => shapeOf(each)).reduce(merge, 'nothing')];
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  const known = KNOWN.find(([, marks]) => marks.every((mark) => mark in value));
  if (known !== undefined && !whole) return 'truncated' in value ? `${known[0]}, cut` : known[0];
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      if (!MAPS.has(name)) return [name, shapeOf(each)];
      return [
        name,
        {
          '*': Object.values(each)
            .map((one) => shapeOf(one))
            .reduce(merge, 'nothing'),
        },
      ];
    }),
  );
};

const merge = (a: Shape, b: Shape): Shape => {
  if (a === 'nothing' || b === 'nothing') return a === 'nothing' ? b : a;
  const [first, second] = [withoutNull(a), withoutNull(b)];
  if ((first !== a || second !== b) && (isNames(first) || isNames(second))) {
    return { [OR_NULL]: merge(first, second) };
  }
  if (Array.isArray(a) && Array.isArray(b)) return [merge(a[0], b[0])];
  if (isNames(a) && isNames(b)) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)].map((name) => name.replace(/\?$/, '')));
    return Object.fromEntries(
      [...names].map((name) => {
        const [left, right] = [a, b].map((each) => each[name] ?? each[`${name}?`] ?? 'nothing');
        const always = name in a && name in b;
        return [always ? name : `${name}?`, merge(left ?? 'nothing', right ?? 'nothing')];
      }),
    );
  }
  const words = [a, b].flatMap((shape) =>
    Array.isArray(shape) ? 'list' : isNames(shape) ? 'object' : shape.split(' | '),
  );
  return [...new Set(words)].sort().join(' | ');
};

const OR_NULL = 'null, or';

const withoutNull = (shape: Shape): Shape => {
  if (shape === 'null') return 'nothing';
  return isNames(shape) ? (shape[OR_NULL] ?? shape) : shape;
};

const isNames = (shape: Shape): shape is { [name: string]: Shape } =>
  typeof shape === 'object' && !Array.isArray(shape);

interface Definition {
  type?: string;
  char?: string;
  options?: readonly string[];
  default?: unknown;
  multiple?: boolean;
  required?: boolean;
  aliases?: readonly string[];
  exclusive?: readonly string[];
  dependsOn?: readonly string[];
}

const TOLD = 'type char options default multiple required aliases exclusive dependsOn'.split(
  ' ',
) as (keyof Definition)[];

const told = (definitions: Readonly<Record<string, Definition>> = {}) =>
  Object.fromEntries(
    Object.entries(definitions)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, definition]) => {
        const facts = TOLD.map((fact) => [fact, definition[fact]] as const).filter(([, value]) =>
          Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false,
        );
        return [name, Object.fromEntries(facts)];
      }),
  );

const commandsNow = async () => {
  const commands = await findCommands(join(repository, 'src', 'commands'));
  const entries = commands.map(async ({ id, file }) => {
    const { default: command } = await import(pathToFileURL(file).href);
    // The order of arguments is part of what they are.
    const args = Object.entries(command.args ?? {}).map(([name, each]) => ({
      name,
      ...told({ x: each as Definition })['x'],
    }));
    return [id.replaceAll(':', ' '), { args, flags: told({ ...command.baseFlags, ...command.flags }) }];
  });
  return Object.fromEntries(await Promise.all(entries));
};

const withoutNames = (shape: Shape, names: readonly string[]): Shape =>
  isNames(shape)
    ? Object.fromEntries(Object.entries(shape).filter(([name]) => !names.includes(name)))
    : shape;

/** What each command prints with --json, on a copy of the example home with a living worker. */
const shapesNow = async (folder: string) => {
  const home = join(folder, 'home');
  cpSync(join(repository, '.koubou.example'), home, { recursive: true });
  const member = await openQueue({ home, seal: signAnew(home) }).join(worker());
  const printed = async (...args: string[]): Promise<unknown> => {
    const { stdout } = await koubou([...args, '--json'], { home, cwd: folder });
    assert.match(stdout, /^[^\n]+\n$/, args.join(' '));
    return JSON.parse(stdout);
  };
  // With a value of every kind that a config can hold.
  await koubou(['config', 'runners.aider', '{ kind: agent, use: aider }'], { home, cwd: folder });
  const shape = async (...args: string[]): Promise<Shape> => shapeOf(await printed(...args));
  const { tasks } = (await printed('list')) as { tasks: object[] };
  const { workers } = (await printed('workers')) as { workers: unknown[] };
  const cut = await printed('delegate', 'x'.repeat(600));
  const shapes = {
    'task record': tasks.map((each) => shapeOf(each, true)).reduce(merge),
    'task record, cut, has also': withoutNames(shapeOf(cut, true), Object.keys(tasks[0] ?? {})),
    worker: workers.map((each) => shapeOf(each, true)).reduce(merge),
    error: shapeOf(((await printed('status', 'zzzz')) as { error: unknown }).error, true),
    'any command, failing': await shape('status', 'zzzz'),
    delegate: await shape('delegate', 'hello'),
    'delegate, a long prompt': shapeOf(cut),
    'status TASK': await shape('status', '090100'),
    status: await shape('status'),
    list: await shape('list'),
    'list --status quarantined': await shape('list', '--status', 'quarantined'),
    'result, of one': await shape('result', '090100'),
    'result, of several': await shape('result', '090100', '090225'),
    'wait, for one': await shape('wait', '090100'),
    'wait, for several': await shape('wait', '090100', '090451'),
    logs: await shape('logs', '090100'),
    workers: await shape('workers'),
    'workers scale': await shape('workers', 'scale', '1', '2'),
    cancel: await shape('cancel', '091101'),
    retry: await shape('retry', '090225'),
    config: await shape('config'),
  };
  await member.leave();
  return { ...shapes, stop: await shape('stop') };
};

describe('what the public depends on', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'koubou-surface-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is as test/cli/public-surface.json says (UPDATE_SNAPSHOT=1 writes it anew)', async () => {
    const now = { commands: await commandsNow(), json: await shapesNow(folder) };
    if (process.env['UPDATE_SNAPSHOT'] === '1') writeFileSync(snapshot, `${JSON.stringify(now, null, 2)}\n`);
    assert.deepEqual(JSON.parse(JSON.stringify(now)), JSON.parse(readFileSync(snapshot, 'utf8')));
  });
});
