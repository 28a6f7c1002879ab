/** One task is added as it was asked for, or nothing is. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { delegate } from '../../../src/actions/delegate/delegate.ts';
import { AS_AGENT, projectForEach } from '../../support/app.ts';

describe('delegate', () => {
  const project = projectForEach();
  const records = () => project().records();

  it('adds one task, and answers with its id and no batch', async () => {
    const app = await project().open();
    const answer = await delegate({ fields: { prompt: 'Explain this.' }, skipExisting: false }, app);
    const record = await project().only();
    assert.deepEqual(answer, {
      added: [{ id: record.task_id, existed: false }],
      batch: null,
      skipped: 0,
    });
    assert.deepEqual(
      [record.status, record.prompt, record.created_by, record.cwd, record.priority],
      ['pending', 'Explain this.', 'cli', project().folder, 5],
    );
  });

  it('records whose call it was', async () => {
    for (const environment of [AS_AGENT, { KOUBOU_CALLER: 'cron' }])
      await project().delegate({ prompt: 'x' }, { app: await project().open({ environment }) });
    assert.deepEqual(
      (await records()).map(({ created_by }) => created_by),
      ['claude-code', 'cron'],
    );
  });

  it('has what the config says where the request says nothing', async () => {
    project().configure('defaults: { priority: 8 }\nrunners: { command: { kind: command } }\n');
    await project().delegate({ prompt: 'x' });
    await project().delegate({ prompt: 'y', priority: 2 });
    assert.deepEqual(
      (await records()).map(({ priority }) => priority),
      [8, 2],
    );
  });

  it('adds a task for which no runner is there yet: it waits for one', async () => {
    project().configure('');
    await project().delegate({ prompt: 'x' });
    assert.equal((await project().only()).status, 'pending');
  });

  it('takes the tasks that it waits for by parts of their ids, and last', async () => {
    const [parent = ''] = await project().delegate({ prompt: 'first' });
    const [child = ''] = await project().delegate({
      prompt: 'then',
      after: ['last'],
      afterAny: [parent.slice(5)],
    });
    const record = await project().queue.get(child);
    assert.deepEqual([record?.after, record?.after_any, record?.waiting], [[parent], [parent], 'blocked']);
  });

  it('holds the hashes of its files, whatever their names', async () => {
    const names = ['文書 一.md', 'two\nlines.md', '-n [id] x.md'];
    for (const name of names) project().write(name, 'text\n');
    await project().delegate({ prompt: 'x', files: names });
    const sha256 = 'b9e68e1bea3e5b19ca6b2f98b73a54b73daafaa250484902e09982e07a12e733';
    assert.deepEqual(
      (await project().only()).files,
      names.map((name) => ({ path: join(project().folder, name), sha256 })),
    );
  });

  describe('takes the prompt', () => {
    it('from a file, whatever its name, without its last line end', async () => {
      const name = '質問 1\nof 2.txt';
      project().write(name, '\uFEFFWhat?\n');
      await project().delegate({ promptFile: name });
      assert.equal((await project().only()).prompt, 'What?');
    });

    it('from a pipe that has a name', async () => {
      const pipe = join(project().folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      await Promise.all([project().delegate({ promptFile: 'pipe' }), writeFile(pipe, 'piped')]);
      assert.equal((await project().only()).prompt, 'piped');
    });

    it('as it is: spaces, newlines, quotes', async () => {
      const prompt = `  two  and\r\n\nthree\t"a" 'b' \`c\` \\ $HOME $(id) ! 長い `;
      await project().delegate({ prompt });
      assert.equal((await project().only()).prompt, prompt);
    });
  });

  it('keeps the words of a program as they are, and no prompt beside them', async () => {
    const command = ['printf', '%s', '--', '--model', 'a  b', '', '日本', 'x\ny'];
    await project().delegate({ type: 'command', command });
    const record = await project().only();
    assert.deepEqual([record.command, record.prompt], [command, '']);
  });

  it('leaves braces alone where a task is not one of many', async () => {
    await project().delegate({ prompt: 'Use {file} and {name}' });
    assert.equal((await project().only()).prompt, 'Use {file} and {name}');
  });

  describe('under a key', () => {
    it('names the task that exists', async () => {
      const app = await project().open();
      const request = { fields: { prompt: 'x', key: 'k' }, skipExisting: false };
      const [first] = (await delegate(request, app)).added;
      assert.deepEqual((await delegate(request, app)).added, [{ id: first?.id, existed: true }]);
      await project().only();
    });

    it('refuses something else', async () => {
      await project().delegate({ prompt: 'x', key: 'k' });
      await assert.rejects(project().delegate({ prompt: 'y', key: 'k' }), { code: 'key_conflict' });
      await project().only();
    });

    it('takes a program for the same one, whatever PATH it was added with', async () => {
      for (const PATH of ['/bin', '/usr/bin'])
        await project().delegate(
          { type: 'command', command: ['true'], key: 'k' },
          { app: await project().open({ environment: { PATH } }) },
        );
      await project().only();
    });
  });

  describe('records of the environment', () => {
    const recorded = async (fields: Parameters<ReturnType<typeof project>['delegate']>[0]) => {
      const environment = { PATH: '/bin', VIRTUAL_ENV: '/venv', API_KEY: 'x', LD_PRELOAD: '/x.so' };
      await project().delegate(fields, { app: await project().open({ environment }) });
      return (await project().only()).environment;
    };
    const programs = { PATH: '/bin', VIRTUAL_ENV: '/venv' };

    it('which programs a command means, and nothing else', async () =>
      assert.deepEqual(await recorded({ type: 'command', command: ['true'] }), programs));
    it('which programs its check means', async () =>
      assert.deepEqual(await recorded({ prompt: 'x', check: 'true' }), programs));
  });
});
