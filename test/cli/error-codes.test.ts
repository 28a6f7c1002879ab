/** What was asked, who asked, what lies there, what is installed: which of them a refusal is about, its code says. */
import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../src/errors.ts';
import { Project } from '../support/koubou/project.ts';

const CONFIG = `
endpoints: { nowhere: { kind: ollama, url: 'http://127.0.0.1:1' } }
runners:
  ollama: { kind: ollama, endpoint: nowhere, model: tiny }
  codex: { kind: codex, endpoint: nowhere, model: tiny }
  writer: { kind: agent, bin: sh, args: ['-c', 'true'], stdin: prompt }
  command: { kind: command }
routing: { default: { general: ollama, code: writer, command: command } }
`;

interface Situation {
  /** What comes before the command, on the project. */
  given?: (project: Project) => unknown;
  environment?: Readonly<Record<string, string>>;
  args: readonly string[];
}

const waiting = (project: Project) => project.run('delegate', 'hello');
const inWorktree = ['delegate', '--type', 'code', '--worktree', 'hello'];

const SITUATIONS: Readonly<Partial<Record<ErrorCode, Readonly<Record<string, Situation>>>>> = {
  usage: {
    'a flag that does not exist': { args: ['delegate', '--colour', 'red', 'hello'] },
    'a value out of bounds': { args: ['delegate', '--priority', '11', 'hello'] },
    'a runner that nobody has': { args: ['delegate', '--runner', 'none', 'hello'] },
    'a folder to work in that is none': { args: ['delegate', '--cwd', 'none', 'hello'] },
    'a field of a batch that does not exist': {
      given: (project) => project.write('batch', '{"prompt": "p", "colour": "red"}\n'),
      args: ['delegate', '--batch', 'batch'],
    },
    'a config that is wrong': {
      given: (project) => project.write('.koubou/config/agent.yaml', 'workers:\n  mx: 3\n'),
      args: ['delegate', 'hello'],
    },
    'a least that is more than the most': { args: ['workers', 'scale', '4', '1'] },
  },
  not_allowed: {
    'what the config does not allow anybody': {
      args: ['delegate', '--runner', 'codex', '--sandbox', 'danger-full-access', 'hello'],
    },
    'what an agent may not': { environment: { CLAUDECODE: '1' }, args: ['config', 'workers.max', '3'] },
  },
  conflict: {
    'a retry of what has not ended': { given: waiting, args: ['retry', 'last'] },
    'an apply of what has no worktree': { given: waiting, args: ['apply', 'last'] },
    'a patch of what changed nothing': { given: waiting, args: ['diff', 'last'] },
    'workers to scale where none runs': { args: ['workers', 'scale', '1', '4'] },
    'a worktree where there is no repository': { args: inWorktree },
    'a home where a file lies': {
      given: (project) => project.write('taken', ''),
      args: ['init', '--home', 'taken'],
    },
    'a folder of the home in whose place a file lies': {
      given: (project) => {
        rmSync(join(project.home, 'logs'), { recursive: true });
        project.write('.koubou/logs', '');
      },
      args: ['work', '--detach'],
    },
  },
  no_program: {
    // A folder that is there, and has no programs.
    'a worktree without git': { environment: { PATH: '/usr/share' }, args: inWorktree },
  },
  key_conflict: {
    'a key that names another task': {
      given: (project) => project.run('delegate', '--key', 'k', 'hello'),
      args: ['delegate', '--key', 'k', 'good-bye'],
    },
  },
};

describe('the code of a refusal', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
    project.write('.koubou/config/agent.yaml', CONFIG);
  });
  afterEach(() => project.remove());

  for (const [code, situations] of Object.entries(SITUATIONS)) {
    for (const [name, { given, environment = {}, args }] of Object.entries(situations)) {
      it(`is ${code} for ${name}, and the command exits 2`, async () => {
        await given?.(project);
        const ended = await project.runWith({ environment }, ...args, '--json');
        const { error } = JSON.parse(ended.stdout);
        assert.deepEqual([error.code, ended.code], [code, 2], error.message);
      });
    }
  }

  it('is no_program for a task whose program is not there, which is not tried again', async () => {
    await project.run('delegate', '--type', 'command', '--retries', '3', '--', 'koubou-test-none');
    await project.run('work', '--drain');
    const { status, result, attempts } = await project.only();
    assert.deepEqual([status, result?.error?.code], ['failed', 'no_program']);
    assert.deepEqual(
      attempts.map(({ charged }) => charged),
      [false],
    );
  });

  it('is conflict for a task whose folder was taken away meanwhile', async () => {
    project.write('sub/a.md', 'a');
    await project.run('delegate', '--cwd', 'sub', '--type', 'command', '--', 'true');
    renameSync(join(project.folder, 'sub'), join(project.folder, 'gone'));
    await project.run('work', '--drain');
    const { status, result } = await project.only();
    assert.deepEqual([status, result?.error?.code], ['failed', 'conflict'], result?.error?.message);
  });
});
