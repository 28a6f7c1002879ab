import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { worker } from '../support/builders.ts';
import { builtKoubou, startKoubou } from '../support/koubou/built.ts';
import { Project } from '../support/koubou/project.ts';
import { until } from '../support/until.ts';

const ID = /^task_\d{8}_\d{6}_\d{6}_[0-9a-z]{4}\n$/;

describe('koubou delegate', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  const refused = async (args: string[], told: RegExp, code = 2) => {
    const ended = await project.run('delegate', ...args);
    assert.match(ended.stderr, told);
    assert.deepEqual([ended.code, ended.stdout], [code, '']);
    assert.deepEqual(await project.records(), []);
  };

  describe('prints', () => {
    it('the id alone, and on stderr that no worker runs', async () => {
      const { code, stdout, stderr } = await project.run('delegate', 'Explain this.');
      assert.match(stdout, ID);
      assert.match(
        stderr,
        /^No worker is running\. Start one with: koubou work --detach, or .*koubou wait task_/,
      );
      assert.equal(code, 0);
      assert.equal(stdout, `${(await project.only()).task_id}\n`);
    });

    it('nothing on stderr while a worker lives', async () => {
      const member = await project.queue.join(worker());
      assert.equal((await project.run('delegate', 'x')).stderr, '');
      await member.leave();
    });

    it('the record with --json, long texts cut', async () => {
      const { stdout } = await project.run('delegate', 'ab'.repeat(400), '--json');
      const record = JSON.parse(stdout);
      assert.deepEqual([record.prompt.length, record.prompt_bytes, record.truncated], [500, 800, true]);
      assert.deepEqual([record.status, record.result], ['pending', null]);
    });

    it('commands to copy that name the home it was told to use', async () => {
      const { stderr } = await project.runWith({ cwd: '/' }, 'delegate', '--home', project.home, 'x');
      assert.ok(stderr.includes(`koubou work --home ${project.home} --detach`));
    });
  });

  it('records everything that its flags say', async () => {
    project.write('a.md', 'text\n');
    project.write('s.json', '{"type":"object"}');
    const [parent = ''] = (await project.run('delegate', 'first')).stdout.split('\n');
    const said =
      'delegate --type documentation --file a.md --runner ollama --model m --set temperature=0.7 --set stop=END ' +
      '--context {"a":[1]} --timeout 2m --retries 0 --priority 9 --schema s.json --expect o*.txt --expect-existing --output o.txt ' +
      '--after last --in 1h --key k --label x=1 --label y=a=b --local-only --allow-no-change';
    const words = ['--system', 'Be short.', '--check', 'test -s x', '--after-any', parent.slice(5), 'Do it.'];
    const { code, stderr } = await project.run(...said.split(' '), ...words);
    assert.deepEqual([code, stderr.includes('Error')], [0, false]);
    const [, record] = await project.records();
    assert.ok(record?.not_before && Date.parse(record.not_before) > Date.now() + 3_500_000);
    assert.deepEqual(record.files, [
      {
        path: join(project.folder, 'a.md'),
        sha256: 'b9e68e1bea3e5b19ca6b2f98b73a54b73daafaa250484902e09982e07a12e733',
      },
    ]);
    assert.deepEqual(
      [
        record.type,
        record.priority,
        record.labels,
        record.context,
        record.after,
        record.after_any,
        record.key,
      ],
      ['general', 9, { x: '1', y: 'a=b' }, { a: [1] }, [parent], [parent], 'k'],
    );
    assert.deepEqual(record.options, {
      runner: 'ollama',
      model: 'm',
      template: 'document',
      system: 'Be short.',
      set: { temperature: 0.7, stop: 'END' },
      timeout: 120,
      retries: 0,
      schema: { type: 'object' },
      check: 'test -s x',
      expect: ['o*.txt'],
      expect_existing: true,
      output: join(project.folder, 'o.txt'),
      local_only: true,
      allow_no_change: true,
    });
  });

  describe('keeps a prompt with', () => {
    const letters = `  two  and\n\nthree\r\n "a" 'b' \`c\` \\ $HOME $(id) ! \u{1F469}\u{200D}\u{1F4BB} 日本語 `;
    for (const [name, prompt] of Object.entries({
      'spaces, newlines, quotes and emoji': letters,
      'the value of a flag': 'm',
    })) {
      it(name, async () => {
        await project.run('delegate', '--model', 'm', prompt);
        assert.equal((await project.only()).prompt, prompt);
      });
    }

    it('10 MB from stdin', async () => {
      const prompt = '長い "x"\n'.repeat(900_000);
      const { code } = await project.runWith({ input: prompt }, 'delegate');
      assert.equal(code, 0);
      assert.equal((await project.only()).prompt, prompt.slice(0, -1));
    });

    it('a - before it, from stdin', async () => {
      await project.runWith({ input: '- [ ] write tests\n' }, 'delegate', '--prompt-file', '-');
      assert.equal((await project.only()).prompt, '- [ ] write tests');
    });
  });

  it('tells how to give a prompt that begins with -', () =>
    refused(['- [ ] write tests'], /--prompt-file -/));

  describe('takes the prompt', () => {
    it('from stdin that comes in two bursts', async () => {
      const child = await startKoubou(['delegate'], { cwd: project.folder });
      const closed = once(child, 'close');
      child.stdin.write('first ');
      await until(() => child.stdin.writableLength === 0);
      child.stdin.end('second');
      assert.deepEqual(await closed, [0, null]);
      assert.equal((await project.only()).prompt, 'first second');
    });

    it('and leaves stdin to the loop of a shell where it has one', async () => {
      const bin = await builtKoubou();
      const run = `"${process.execPath}" "${bin}"`;
      const loop = `printf '1\\n2\\n' | while read -r n; do ${run} delegate "n $n" 2>&1; ${run} status >/dev/null; ${run} delegate --type command -- true; done`;
      spawnSync('sh', ['-c', loop], { cwd: project.folder });
      const prompts = (await project.records()).map(({ prompt }) => prompt).filter((prompt) => prompt !== '');
      assert.deepEqual(prompts.sort(), ['n 1', 'n 2']);
    });

    it('and a file from stdin beside it', async () => {
      await project.runWith({ input: 'diff --git {file}\n' }, 'delegate', '--file', '-', 'Review this.');
      assert.equal(
        (await project.only()).prompt,
        '<file name="stdin">\ndiff --git {file}\n</file>\n\nReview this.',
      );
    });
  });

  describe('refuses, adding nothing,', () => {
    it('no prompt', () => refused([], /^Error: (There is no prompt|The prompt is empty)/));
    it('more than one', () => refused(['Explain', 'this'], /There are 2 prompts: 'Explain', 'this'/));
    it('a program without the -- before it, and says how to write it', () =>
      refused(['--type', 'command', 'npm', 'test'], /after --, and there are none\..*\n.* sh -c 'npm test'/));
    it('a type that there is not, and names the nearest', () =>
      refused(['--type', 'cmmand', 'x'], /^Error: .*Nothing was added\.\nDid you mean command\?\n$/));
    it('a time that there is not', () => refused(['--at', '10m', 'x'], /For a time from now write --in 10m/));
    it('context that is no object', () => refused(['--context', '[1]', 'x'], /--context is no JSON object/));
    it('a label without =', () => refused(['--label', 'x', 'x'], /'x' is not a label/));
    it('words after -- that are no program', () => refused(['x', '--', 'npm', 'test'], /Add --type command/));

    it('a home that cannot be written to', async function () {
      if (process.getuid?.() === 0) this.skip();
      chmodSync(join(project.home, 'tasks', 'tmp'), 0o500);
      const { code, stderr } = await project.run('delegate', 'x');
      chmodSync(join(project.home, 'tasks', 'tmp'), 0o700);
      assert.deepEqual([code, /nothing was added/.test(stderr)], [1, true]);
    });
  });

  it('keeps the words of a program as they are, with a second -- and repeated values of flags', async () => {
    const words = ['printf', '%s', 'm', '--', '--model', 'm', 'a  b', '', '日本', 'x\ny'];
    await project.run('delegate', '--model', 'm', '--type', 'command', '--', ...words);
    const record = await project.only();
    assert.deepEqual([record.command, record.prompt, record.options.model], [words, '', 'm']);
  });

  describe('under a key', () => {
    it('names the task that exists', async () => {
      const first = await project.run('delegate', '--key', 'k', 'x');
      const again = await project.run('delegate', '--key', 'k', 'x');
      assert.deepEqual([again.code, again.stdout], [0, first.stdout]);
      assert.match(again.stderr, /Nothing was added: the key names this task\./);
      await project.only();
    });
  });

  describe('--each', () => {
    beforeEach(() => {
      for (const name of ['b', 'a', 'c']) project.write(`docs/${name}.md`, 'x');
    });
    const each = (...args: string[]) => project.run('delegate', '--each', 'docs/*.md', ...args);

    it('prints an id for each file in their order, and how to wait for all', async () => {
      const { code, stdout, stderr } = await each('Summarise {file}', '--output', 'out/{stem}.txt');
      const records = await project.records();
      assert.deepEqual([code, stdout], [0, records.map(({ task_id }) => `${task_id}\n`).join('')]);
      assert.deepEqual(
        records.map(({ prompt }) => prompt),
        ['a', 'b', 'c'].map((name) => `Summarise docs/${name}.md`),
      );
      assert.equal(
        stderr.split('\n').slice(0, 2).join('\n'),
        `3 tasks added.\nWait for all of them with: koubou wait --label batch=${records[0]?.labels['batch']}`,
      );
    });

    it('tells how many were left out, or existed under their keys', async () => {
      project.write('out/a.txt', 'done');
      const rest = ['x', '--key', 'k', '--output', 'out/{stem}.txt', '--skip-existing'];
      const first = await each(...rest);
      assert.match(first.stderr, /^2 tasks added, 1 left out, as the output is there already\.\n/);
      const again = await each(...rest);
      assert.deepEqual([again.code, again.stdout], [0, first.stdout]);
      assert.match(again.stderr, /^0 tasks added, 2 existed under their keys, 1 left out/);
      for (const name of ['b', 'c']) project.write(`out/${name}.txt`, 'done');
      const none = await each(...rest, '--json');
      assert.deepEqual([none.code, JSON.parse(none.stdout)], [0, { tasks: [] }]);
    });

    it('hints to quote a pattern that the shell has filled in', () =>
      refused(['--each', 'docs/a.md', 'docs/b.md', 'x'], /into quotes, as in --each 'docs\/\*\.md'/));
  });

  describe('--batch', () => {
    it('takes lines from stdin, and flags for what they do not say', async () => {
      const input = '{"prompt":"a"}\n{"prompt":"b","model":"own","labels":{"l":"1"}}\n';
      const flags = ['--batch', '-', '--model', 'm', '--label', 'k=v'];
      const { code, stderr } = await project.runWith({ input }, 'delegate', ...flags);
      assert.deepEqual([code, stderr.startsWith('2 tasks added.\n')], [0, true]);
      assert.deepEqual(
        (await project.records()).map(({ prompt, options, labels }) => [prompt, options.model, labels['k']]),
        [
          ['a', 'm', 'v'],
          ['b', 'own', 'v'],
        ],
      );
    });

    it('names the file and the line of what is wrong', async () => {
      project.write('b.jsonl', '{"prompt":"a"}\n{"promt":"b"}\n');
      await refused(['--batch', 'b.jsonl'], /b\.jsonl, line 2: 'promt' is no field.*\n.*prompt\?/);
    });
  });
});
