import assert from 'node:assert/strict';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { programEnvironment, recordedEnvironment } from '../../src/task/environment.ts';
import type { TaskRecord } from '../../src/task/record.ts';
import { Project } from '../support/koubou/project.ts';

const SYSTEM = process.env['PATH'] ?? '';

describe('the programs of a task', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  const program = (name: string, script: string): string => {
    const path = project.write(name, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const pathTo = (folder: string): string => `${join(project.folder, folder)}:${SYSTEM}`;
  const delegate = (environment: Record<string, string>, ...words: string[]) =>
    project.runWith({ environment }, 'delegate', ...words);
  /** By a daemon that knows nothing of the shell that added it. */
  const worked = async (): Promise<TaskRecord> => {
    await project.runWith({ environment: { PATH: SYSTEM } }, 'work', '--drain');
    return project.only();
  };

  it('are those of the shell that added it, not of the daemon', async () => {
    program('mine/koubou-test-hello', 'echo mine');
    await delegate({ PATH: pathTo('mine') }, '--type', 'command', '--', 'koubou-test-hello');
    const { status, result } = await worked();
    assert.deepEqual([status, result?.output], ['completed', 'mine\n'], result?.error?.hint);
  });

  it('are so in its check', async () => {
    program('mine/koubou-test-hello', 'echo mine');
    const words = ['--check', 'test "$(koubou-test-hello)" = mine', '--type', 'command', '--', 'true'];
    await delegate({ PATH: pathTo('mine') }, ...words);
    const { status, result } = await worked();
    assert.equal(status, 'completed', result?.error?.message);
  });

  it('see the virtual environment that was active', async () => {
    const environment = { PATH: SYSTEM, VIRTUAL_ENV: '/venv', CONDA_PREFIX: '/conda', API_KEY: 'secret' };
    const words = ['--type', 'command', '--', 'sh', '-c', 'echo $VIRTUAL_ENV $CONDA_PREFIX $API_KEY'];
    await delegate(environment, ...words);
    assert.equal((await worked()).result?.output, '/venv /conda\n');
  });

  it('are started by the setpriv of koubou, whatever lies on that PATH', async function () {
    if (process.platform !== 'linux') this.skip();
    program('mine/setpriv', `touch ${join(project.folder, 'taken')}; shift 3; exec "$@"`);
    await delegate({ PATH: pathTo('mine') }, '--type', 'command', '--', 'true');
    assert.equal((await worked()).status, 'completed');
    assert.equal(existsSync(join(project.folder, 'taken')), false);
  });

  it('are missed with the PATH that was searched', async () => {
    await delegate({ PATH: '/nowhere/bin' }, '--type', 'command', '--', 'koubou-test-none');
    const { result } = await worked();
    assert.equal(result?.error?.code, 'no_program');
    assert.match(result?.error?.hint ?? '', /\(\/nowhere\/bin\)/);
  });

  it('are not recorded where it has none', async () => {
    await delegate({ PATH: SYSTEM }, 'a prompt');
    assert.equal((await project.only()).environment, undefined);
  });

  it('make no other task of the same key', async () => {
    for (const PATH of [SYSTEM, pathTo('mine')]) {
      const { code } = await delegate({ PATH }, '--key', 'k', '--type', 'command', '--', 'true');
      assert.equal(code, 0);
    }
    await project.only();
  });

  it('are not chosen by a line of a batch or a record that is given again', async () => {
    const line = {
      type: 'command',
      command: ['true'],
      environment: { PATH: '/evil', LD_PRELOAD: '/evil.so' },
    };
    project.write('batch', `${JSON.stringify(line)}\n`);
    await delegate({ PATH: SYSTEM }, '--batch', 'batch');
    assert.deepEqual((await project.only()).environment, { PATH: SYSTEM });
  });
});

describe('the environment of a task', () => {
  it('holds nothing that has another program or library loaded', () => {
    const variables = {
      PATH: '/a',
      LD_PRELOAD: '/x',
      NODE_OPTIONS: '-r x',
      KOUBOU_RUN: 'x',
      VIRTUAL_ENV: '',
    };
    assert.deepEqual(recordedEnvironment(variables), { PATH: '/a' });
    assert.equal(recordedEnvironment({ HOME: '/h' }), undefined);
    assert.deepEqual(programEnvironment({ HOME: '/h' }, { environment: variables }), {
      HOME: '/h',
      PATH: '/a',
    });
  });

  it('counts for no dropped file', () => {
    const task = { environment: { PATH: '/a' }, answer_only: true };
    assert.deepEqual(programEnvironment({ PATH: '/b' }, task), { PATH: '/b' });
  });
});
