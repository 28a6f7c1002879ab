/** Which programs a task starts: those of the shell that added it. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Fields } from '../../../src/task/fields/asked-task.ts';
import type { TaskRecord } from '../../../src/task/record.ts';
import { projectForEach } from '../../support/app.ts';

const SYSTEM = process.env['PATH'] ?? '';

describe('the programs of a task', () => {
  const project = projectForEach();

  const program = (name: string, script: string): void =>
    chmodSync(project().write(name, `#!/bin/sh\n${script}\n`), 0o755);
  const pathTo = (folder: string): string => `${join(project().folder, folder)}:${SYSTEM}`;
  const delegate = async (environment: Record<string, string>, fields: Fields) =>
    project().delegate(fields, { app: await project().open({ environment }) });
  const command = (...words: string[]): Fields => ({ type: 'command', command: words });
  /** By a daemon that knows nothing of the shell that added it. */
  const worked = async (): Promise<TaskRecord> => {
    await project().drain({ environment: { PATH: SYSTEM } });
    return project().only();
  };

  it('are those of the shell that added it, not of the daemon', async () => {
    program('mine/koubou-test-hello', 'echo mine');
    await delegate({ PATH: pathTo('mine') }, command('koubou-test-hello'));
    const { status, result } = await worked();
    assert.deepEqual([status, result?.output], ['completed', 'mine\n'], result?.error?.hint);
  });

  it('are so in its check', async () => {
    program('mine/koubou-test-hello', 'echo mine');
    const check = 'test "$(koubou-test-hello)" = mine';
    await delegate({ PATH: pathTo('mine') }, { ...command('true'), check });
    const { status, result } = await worked();
    assert.equal(status, 'completed', result?.error?.message);
  });

  it('see the virtual environment that was active', async () => {
    const environment = { PATH: SYSTEM, VIRTUAL_ENV: '/venv', CONDA_PREFIX: '/conda', API_KEY: 'secret' };
    await delegate(environment, command('sh', '-c', 'echo $VIRTUAL_ENV $CONDA_PREFIX $API_KEY'));
    assert.equal((await worked()).result?.output, '/venv /conda\n');
  });

  it('are started by the setpriv of koubou, whatever lies on that PATH', async function () {
    if (process.platform !== 'linux') this.skip();
    program('mine/setpriv', `touch ${join(project().folder, 'taken')}; shift 3; exec "$@"`);
    await delegate({ PATH: pathTo('mine') }, command('true'));
    assert.equal((await worked()).status, 'completed');
    assert.equal(existsSync(join(project().folder, 'taken')), false);
  });

  it('are not recorded where it has none', async () => {
    await delegate({ PATH: SYSTEM }, { prompt: 'a prompt' });
    assert.equal((await project().only()).environment, undefined);
  });

  it('are missed with the PATH that was searched, and not tried again', async () => {
    await delegate({ PATH: '/nowhere/bin' }, { ...command('koubou-test-none'), retries: 3 });
    const { result, attempts } = await worked();
    assert.equal(result?.error?.code, 'no_program');
    assert.match(result?.error?.hint ?? '', /\(\/nowhere\/bin\)/);
    assert.deepEqual(
      attempts.map(({ charged }) => charged),
      [false],
    );
  });
});
