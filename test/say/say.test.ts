import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findCommands } from '../../build/commands.ts';
import { draftTask } from '../../src/actions/delegate/draft.ts';
import { readFields } from '../../src/actions/delegate/fields.ts';
import { errorDocument } from '../../src/actions/error-document.ts';
import { ERROR_CODES, errorInfo, KoubouError } from '../../src/errors.ts';
import { argumentsOf } from '../../src/say/command-line.ts';
import type { ActionName, FieldName, Wording } from '../../src/say/marks.ts';
import { action, actionLine, field, help, say, toText, worded } from '../../src/say/say.ts';

const defaults = { cwd: '/work', createdBy: 'cli', priority: 5 };

/** Made up: as a server of tools could name what a model may call. The compiler holds both tables to all names. */
const TOOLS: Record<ActionName, string> = {
  apply: 'apply_changes',
  cancel: 'cancel_tasks',
  config: 'set_config',
  delegate: 'add_task',
  diff: 'show_changes',
  discard: 'discard_changes',
  doctor: 'check_setup',
  init: 'make_home',
  list: 'list_tasks',
  logs: 'read_log',
  result: 'read_result',
  retry: 'retry_tasks',
  status: 'show_queue',
  stop: 'stop_workers',
  trust: 'sign_home',
  wait: 'wait_for_tasks',
  work: 'start_worker',
  'workers scale': 'scale_workers',
};

const MEMBERS: Record<FieldName, string> = {
  allow_network_fs: 'allowNetworkFs',
  allow_no_change: 'allowNoChange',
  at: 'at',
  branch_as_it_is: 'branchAsItIs',
  check: 'check',
  check_outside: 'checkOutside',
  command: 'command',
  cwd: 'cwd',
  detach: 'detach',
  drain: 'drain',
  each: 'each',
  expect: 'expect',
  expect_existing: 'expectExisting',
  extract: 'extract',
  file: 'files',
  home: 'home',
  idle_exit: 'idleExit',
  in: 'in',
  key: 'key',
  label: 'labels',
  max: 'max',
  min: 'min',
  model: 'model',
  output: 'output',
  prompt_file: 'promptFile',
  reveal: 'reveal',
  runner: 'runner',
  sandbox: 'sandbox',
  schema: 'schema',
  set: 'set',
  skip_existing: 'skipExisting',
  status: 'status',
  tasks: 'tasks',
  timeout: 'timeout',
  type: 'type',
  wait: 'wait',
  worktree: 'worktree',
};

const member = (name: FieldName, value: string | undefined): string =>
  value === undefined ? `"${MEMBERS[name]}"` : `"${MEMBERS[name]}": ${value}`;

const tools: Wording = {
  field: ({ name, value }) => member(name, value),
  action: ({ name, words, isLine }) => {
    const given = words.map((word) => (typeof word === 'string' ? word : member(word.name, word.value)));
    return `${isLine ? 'call ' : ''}koubou_${TOOLS[name]}(${given.join(', ')})`;
  },
  help: ({ action: name }) => `the schema of ${name === undefined ? 'the tool' : `koubou_${TOOLS[name]}`}`,
};

const thrownBy = (act: () => unknown): KoubouError => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof KoubouError);
    return error;
  }
  return assert.fail('nothing was thrown');
};

const OF_A_SHELL = new RegExp(`(^|[^\\w-])--[a-z]|koubou (${Object.keys(TOOLS).join('|')})\\b`);

describe('a sentence with marks', () => {
  it('names only what the command line has', async () => {
    const flags = new Set<string>();
    const commands = await findCommands(join(import.meta.dirname, '../../src/commands'));
    for (const { file } of commands) {
      const { default: command } = await import(pathToFileURL(file).href);
      for (const name of Object.keys({ ...command.baseFlags, ...command.flags })) flags.add(name);
    }
    const fields = Object.keys(MEMBERS).filter((name) => name !== 'command');
    assert.deepEqual(
      fields.filter((name) => !flags.has(name.replaceAll('_', '-'))),
      [],
    );
    const names = commands.map(({ id }) => id.replaceAll(':', ' '));
    assert.deepEqual(
      Object.keys(TOOLS).filter((name) => !names.includes(name)),
      [],
    );
  });

  it('is in the words of the command line where no door has worded it', () => {
    const sentence = say`Give ${field('output', 'FILE')}, or ${action('retry', 'task_1')}; see ${help()}, ${help('wait')}, ${2}.`;
    const words = 'Give --output FILE, or `koubou retry task_1`; see --help, `koubou wait --help`, 2.';
    assert.equal(toText(sentence), words);
    assert.equal(String(sentence), words);
    assert.equal(toText(say`${field('check_outside')}`), '--check-outside');
  });

  it('can be typed as it stands, whatever is in it', () => {
    const line = actionLine('config', 'runners.r.model', "a'; evil #", field('home', '/my home'));
    assert.equal(toText(say`${line}`), `koubou config runners.r.model 'a'\\''; evil #' --home '/my home'`);
    assert.deepEqual(argumentsOf(actionLine('workers scale', '1', field('max', '4'))), [
      'workers',
      'scale',
      '1',
      '--max',
      '4',
    ]);
    assert.equal(toText(say`Write ${field('command', 'npm test')}`), 'Write -- npm test');
  });

  it('keeps its marks within another one', () => {
    const inner = say`Pass ${field('allow_no_change')}`;
    assert.equal(toText(say`${inner}. ${inner}!`, tools), 'Pass "allowNoChange". Pass "allowNoChange"!');
  });

  it('has none that the name of a file or the words of a model could make', () => {
    for (const name of ['--output', '`koubou trust`', "${field('output')}", '{field:output}', '\0']) {
      const { error } = errorDocument(new KoubouError('usage', say`${name} is no ${field('file')}.`), tools);
      assert.equal(error.message, `${name} is no "files".`);
    }
  });

  it('is text in a document, and nothing else is changed', () => {
    const found = { ok: true, at: null, list: [say`See ${action('logs')}`, 'x'], deep: { of: say`${1}` } };
    assert.deepEqual(worded(found, tools), {
      ok: true,
      at: null,
      list: ['See koubou_read_log()', 'x'],
      deep: { of: '1' },
    });
  });
});

describe('a door that is no command line', () => {
  it('words the hint of every error', () => {
    for (const [code, { hint }] of Object.entries(ERROR_CODES)) {
      assert.doesNotMatch(toText(hint, tools), OF_A_SHELL, code);
    }
    assert.match(toText(ERROR_CODES.no_evidence.hint, tools), /^No file was changed\. Pass "allowNoChange"/);
    assert.match(toText(ERROR_CODES.timeout.hint), /--timeout/);
    assert.match(toText(ERROR_CODES.timeout.hint), OF_A_SHELL);
  });

  const now = Date.parse('2026-11-01T12:00:00Z');
  const refused: [name: string, act: () => unknown, said: string, shell: string][] = [
    [
      'a task without a prompt',
      () => draftTask({}, defaults),
      'There is no prompt. Nothing was added. Say what is to be done: call koubou_add_task(Explain this, "files": a.ts)',
      "There is no prompt. Nothing was added. Say what is to be done: koubou delegate 'Explain this' --file a.ts",
    ],
    [
      'an output that is no file',
      () => draftTask({ prompt: 'p', output: 'out/' }, defaults),
      `"output": 'out/' names no file. Nothing was added. Name the file that the result goes to.`,
      "--output 'out/' names no file. Nothing was added. Name the file that the result goes to.",
    ],
    [
      'a label of a message that is not UTF-8',
      () => draftTask({ prompt: 'p', output: 'a\uFFFD' }, defaults),
      `"output": 'a\uFFFD' is not UTF-8, so no task can name it. Nothing was added. Choose a name, or a pattern with * in that place.`,
      "--output 'a\uFFFD' is not UTF-8, so no task can name it. Nothing was added. Choose a name, or a pattern with * in that place.",
    ],
    [
      'a time that is none, in a line of a batch',
      () => readFields({ at: '10m' }, 'line 3', now),
      `line 3: at: "at": '10m' is no time that koubou can read. Nothing was added. For a time from now write "in": 10m.`,
      "line 3: at: --at: '10m' is no time that koubou can read. Nothing was added. For a time from now write --in 10m.",
    ],
    [
      'a field that there is not',
      () => readFields({ zzzzzz: 1 }, 'line 1', now),
      `line 1: 'zzzzzz' is no field of a task. Nothing was added. The names are those of the flags; see the schema of koubou_add_task.`,
      "line 1: 'zzzzzz' is no field of a task. Nothing was added. The names are those of the flags; see `koubou delegate --help`.",
    ],
    [
      'a request that says no more',
      () => {
        throw new KoubouError('usage', 'No.');
      },
      'No. See the schema of the tool.',
      'No. See --help.',
    ],
  ];
  for (const [name, act, said, shell] of refused) {
    it(`words the refusal of ${name}`, () => {
      const error = thrownBy(act);
      const inTools = errorDocument(error, tools).error;
      assert.equal(`${inTools.message} ${inTools.hint}`, said);
      const { message, hint } = errorDocument(error).error;
      assert.equal(`${message} ${hint}`, shell);
      assert.deepEqual([error.message, error.hint], [message, hint]);
    });
  }

  it('finds what was kept in the words of the command line', () => {
    const kept = errorInfo('expected_missing', say`No ${field('output')}`, say`Then ${action('retry')}.`);
    assert.deepEqual(JSON.parse(JSON.stringify(kept)), {
      code: 'expected_missing',
      message: 'No --output',
      hint: 'Then `koubou retry`.',
    });
    assert.equal(errorInfo('cancelled', 'x').hint, '`koubou retry` runs it again.');
  });
});
