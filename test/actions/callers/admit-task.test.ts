/** What the rows of the fields say that an agent may have to be allowed is what it is asked for. */
import assert from 'node:assert/strict';
import { GRANTABLE, inWords, type Request } from '../../../src/access/may.ts';
import type { Principal } from '../../../src/access/principal.ts';
import { type AdmissionFacts, admitTask } from '../../../src/actions/callers/admit-task.ts';
import { draftTask } from '../../../src/actions/delegate/draft.ts';
import { readFields } from '../../../src/actions/delegate/fields.ts';
import type { Caller } from '../../../src/app/caller.ts';
import { checkConfig } from '../../../src/config/check.ts';
import { fieldRows } from '../../../src/task/fields/asked-task.ts';

const principal: Principal = {
  role: 'contributor',
  agent: 'codex',
  name: 'codex',
  session: null,
  via: 'cli',
};
const checked = checkConfig({ runners: { mine: { kind: 'agent', bin: 'mine' } } });
assert.ok(checked.ok);
const mine = checked.config.runners['mine'];

const refusal = async (
  given: Record<string, unknown>,
  runner: AdmissionFacts['runner'],
  granted: readonly Request[] = [],
): Promise<string | null> => {
  const caller: Caller = { principal, rights: { may: [...granted], commands: [] } };
  const task = draftTask(readFields(given, 'x', 0), { cwd: '/project', createdBy: 'codex', priority: 5 });
  const project = {
    has: (path: string) => path.startsWith('/project'),
    tops: ['/project'],
    isTooWide: () => false,
  };
  const facts = { project, runner, unconfinable: async () => 'there is no sandbox.' };
  return admitTask(task, caller, facts).then(
    () => null,
    (error: Error) => error.message,
  );
};

/** A value by which each field asks for what its row says, with what has to stand beside it. */
const ASKING: Readonly<Record<string, Record<string, unknown>>> = {
  command: { type: 'command', command: ['npm', 'test'] },
  files: { files: ['/elsewhere/a'] },
  cwd: { cwd: '/elsewhere' },
  runner: { runner: 'mine' },
  check: { check: 'true' },
  check_outside: { check: 'true', check_outside: true },
  expect: { expect: ['/elsewhere/*'] },
  output: { output: '/elsewhere/a' },
  sandbox: { sandbox: 'danger-full-access' },
};
/** The text is read before there is a task: actions/delegate/sources.ts asks. */
const READ_BEFORE = ['prompt_file', 'schema'];

/** Of the fields by which an agent asks for nothing. */
const HARMLESS: Readonly<Record<string, unknown>> = {
  type: 'code',
  prompt: 'p',
  context: { a: 1 },
  difficulty: 'hard',
  priority: 10,
  labels: { a: 'b' },
  sensitive: true,
  model: 'm',
  template: 't',
  system: 's',
  set: { temperature: 1 },
  timeout: 1,
  stall_timeout: 1,
  retries: 3,
  extract: 'code',
  expect_existing: true,
  local_only: true,
  allow_no_change: true,
  worktree: true,
  resume_from: 'x',
  after: ['x'],
  after_any: ['x'],
  in: '10m',
  not_before: '2027-01-01',
  key: 'k',
};

describe('an agent that adds a task', () => {
  for (const [name, { asks }] of fieldRows()) {
    if (asks === undefined) {
      it(`asks for nothing by ${name}`, async () => {
        assert.ok(
          name in HARMLESS,
          'a new field: say here what it harmlessly holds, or in its row what it asks for',
        );
        const beside = name === 'expect_existing' ? { expect: ['a'] } : {};
        assert.equal(await refusal({ prompt: 'p', ...beside, [name]: HARMLESS[name] }, undefined), null);
      });
      continue;
    }
    it(`may need a right for ${name} that the config can give`, () => {
      assert.ok(
        GRANTABLE.some((request) => request === asks),
        asks,
      );
    });
    if (READ_BEFORE.includes(name)) continue;
    it(`is refused ${name} for want of just that right`, async () => {
      const prompt = name === 'command' ? {} : { prompt: 'p' };
      const given = { ...prompt, ...ASKING[name] };
      const runner = name === 'runner' ? mine : undefined;
      assert.ok((await refusal(given, runner))?.includes(`may not ${inWords(asks as Request)}`));
      const beside: Request[] = name === 'check_outside' ? ['check'] : [];
      assert.equal(await refusal(given, runner, [asks as Request, ...beside]), null);
    });
  }
});
