import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, symlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
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
      const record = await project.only();
      assert.deepEqual(
        [record.prompt, record.created_by, record.cwd],
        ['Explain this.', 'cli', project.folder],
      );
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

  it('records whose call it was', async () => {
    await project.runWith({ environment: { CLAUDECODE: '1' } }, 'delegate', 'a');
    await project.runWith({ environment: { KOUBOU_CALLER: 'cron' } }, 'delegate', 'b');
    assert.deepEqual(
      (await project.records()).map(({ created_by }) => created_by),
      ['claude-code', 'cron'],
    );
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
    const prompts: Record<string, string> = {
      spaces: '  two  and   three ',
      newlines: 'one\n\ntwo\r\nthree',
      quotes: `"a" 'b' \`c\` \\ $HOME $(id) !`,
      emoji: '\u{1F469}\u{200D}\u{1F4BB} \u{1F600} 日本語',
      'the value of a flag': 'm',
    };
    for (const [name, prompt] of Object.entries(prompts)) {
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
    it('from a file, whatever its name', async () => {
      const name = '質問 1\nof 2.txt';
      project.write(name, '\uFEFFWhat?\n');
      await project.run('delegate', '--prompt-file', name);
      assert.equal((await project.only()).prompt, 'What?');
    });

    it('from a pipe that has a name', async () => {
      const pipe = join(project.folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const child = await startKoubou(['delegate', '--prompt-file', 'pipe'], { cwd: project.folder });
      const closed = once(child, 'close');
      await writeFile(pipe, 'piped');
      assert.deepEqual(await closed, [0, null]);
      assert.equal((await project.only()).prompt, 'piped');
    });

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
      const loop = `printf '1\\n2\\n3\\n' | while read -r n; do ${run} delegate "n $n" 2>&1; ${run} status >/dev/null; ${run} delegate --type command -- true; done`;
      spawnSync('sh', ['-c', loop], { cwd: project.folder });
      const prompts = (await project.records()).map(({ prompt }) => prompt).filter((prompt) => prompt !== '');
      assert.deepEqual(prompts.sort(), ['n 1', 'n 2', 'n 3']);
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
    it('an empty prompt', () => refused([''], /^Error: The prompt is empty/));
    it('more than one', () => refused(['Explain', 'this'], /There are 2 prompts: 'Explain', 'this'/));
    it('a program without the -- before it, and says how to write it', () =>
      refused(['--type', 'command', 'npm', 'test'], /after --, and there are none\..*\n.* sh -c 'npm test'/));
    it('a prompt and a file of it', () => refused(['--prompt-file', 'x', 'y'], /There are two prompts/));
    it('a text without an end, as a link to a device gives it', async () => {
      symlinkSync('/dev/zero', join(project.folder, 'endless'));
      for (const flag of ['--prompt-file', '--schema', '--batch']) {
        const words = flag === '--schema' ? ['x'] : [];
        await refused([flag, 'endless', ...words], /endless has no end/);
      }
    });
    it('a file that is not there', () =>
      refused(['--file', 'nope', 'x'], /nope does not exist\. Nothing was added/));
    it('a folder', () => refused(['--file', '.', 'x'], /is a folder/));
    it('a working folder that is not there', () => refused(['--cwd', 'nope', 'x'], /There is no folder/));
    it('a type that there is not', () => refused(['--type', 'cmmand', 'x'], /Did you mean command\?/));
    it('a runner that there is not', () =>
      refused(['--runner', 'nope', 'x'], /no runner "nope"\. Nothing was added/));
    it('a template that there is not', () =>
      refused(['--template', 'nope', 'x'], /no template "nope"\. Nothing was added\.\nTemplates: .*general/));
    it('a time that there is not', () => refused(['--at', '10m', 'x'], /For a time from now write --in 10m/));
    it('context that is no object', () => refused(['--context', '[1]', 'x'], /--context is no JSON object/));
    it('a label without =', () => refused(['--label', 'x', 'x'], /'x' is not a label/));
    it('a task to wait for that there is not', () =>
      refused(['--after', 'zzzzz', 'x'], /no task with 'zzzzz'/, 3));
    it('files that nothing would write', () => refused(['--expect', 'a', 'x'], /Say with --output FILE/));
    it('a program without --', () =>
      refused(
        ['--type', 'command', 'npm test'],
        /words after --, and there are none.*\n.*-- sh -c 'npm test'/,
      ));
    it('words after -- that are no program', () => refused(['x', '--', 'npm', 'test'], /Add --type command/));

    it('a zero byte in the prompt', async () => {
      const { code, stderr } = await project.runWith({ input: 'a\0b' }, 'delegate');
      assert.match(stderr, /holds a zero byte, so it is no text\. Nothing was added\./);
      assert.equal(code, 2);
    });

    it('a binary, but not of a program', async () => {
      project.write('a.bin', Uint8Array.of(1, 2, 0, 3));
      project.write('b.txt', Uint8Array.of(0xe9, 0x74));
      await refused(['--file', 'a.bin', 'x'], /is not UTF-8 text/);
      await refused(['--file', 'b.txt', 'x'], /is not UTF-8 text/);
      assert.equal(
        (await project.run('delegate', '--type', 'command', '--file', 'a.bin', '--', 'ls')).code,
        0,
      );
    });

    it('a schema that is none', async () => {
      project.write('no.json', '{"type": 5}');
      project.write('bad.json', '{');
      await refused(['--schema', 'no.json', 'x'], /no\.json is no JSON schema/);
      await refused(['--schema', 'bad.json', 'x'], /bad\.json is not JSON/);
    });

    it('a home that cannot be written to', async function () {
      if (process.getuid?.() === 0) this.skip();
      chmodSync(join(project.home, 'tasks', 'tmp'), 0o500);
      const { code, stderr } = await project.run('delegate', 'x');
      chmodSync(join(project.home, 'tasks', 'tmp'), 0o700);
      assert.deepEqual([code, /nothing was added/.test(stderr)], [1, true]);
    });
  });

  it('takes a schema of an older draft', async () => {
    project.write(
      'old.json',
      '{"$schema":"http://json-schema.org/draft-07/schema#","type":"string","format":"date"}',
    );
    assert.equal((await project.run('delegate', '--schema', 'old.json', 'x')).code, 0);
  });

  it('keeps the words of a program as they are, with a second -- and repeated values of flags', async () => {
    const words = ['printf', '%s', 'm', '--', '--model', 'm', 'a  b', '', '日本', 'x\ny'];
    await project.run('delegate', '--model', 'm', '--type', 'command', '--', ...words);
    const record = await project.only();
    assert.deepEqual([record.command, record.prompt, record.options.model], [words, '', 'm']);
  });

  it('keeps files whose names are Japanese or have newlines', async () => {
    const names = ['文書 一.md', 'two\nlines.md'];
    for (const name of names) project.write(name, 'x');
    await project.run('delegate', ...names.flatMap((name) => ['--file', name]), 'x');
    assert.deepEqual(
      (await project.only()).files.map(({ path }) => path),
      names.map((name) => join(project.folder, name)),
    );
  });

  describe('under a key', () => {
    it('names the task that exists', async () => {
      const first = await project.run('delegate', '--key', 'k', 'x');
      const again = await project.run('delegate', '--key', 'k', 'x');
      assert.deepEqual([again.code, again.stdout], [0, first.stdout]);
      assert.match(again.stderr, /Nothing was added: the key names this task\./);
      await project.only();
    });

    it('refuses something else', async () => {
      await project.run('delegate', '--key', 'k', 'x');
      const other = await project.run('delegate', '--key', 'k', 'y', '--json');
      assert.deepEqual([other.code, JSON.parse(other.stdout).error.code], [2, 'key_conflict']);
    });
  });

  describe('--each', () => {
    beforeEach(() => {
      for (const name of ['docs/b.md', 'docs/a.md', 'docs/文.md', 'docs/c.txt', 'docs/sub.md/x'])
        project.write(name, 'x');
    });
    const each = (...args: string[]) => project.run('delegate', '--each', 'docs/*.md', ...args);

    it('adds a task a file, with a label for all', async () => {
      const { code, stdout, stderr } = await each(
        'Summarise {file} in {"n": 3}',
        '--output',
        'out/{stem}.txt',
      );
      assert.equal(code, 0);
      const records = await project.records();
      assert.equal(stdout, records.map(({ task_id }) => `${task_id}\n`).join(''));
      assert.deepEqual(
        records.map(({ prompt }) => prompt),
        [
          'Summarise docs/a.md in {"n": 3}',
          'Summarise docs/b.md in {"n": 3}',
          'Summarise docs/文.md in {"n": 3}',
        ],
      );
      assert.deepEqual(
        records.map(({ options }) => options.output),
        ['a', 'b', '文'].map((stem) => join(project.folder, 'out', `${stem}.txt`)),
      );
      assert.deepEqual(
        records[0]?.files.map(({ path }) => path),
        [join(project.folder, 'docs/a.md')],
      );
      const [, batch = ''] =
        /3 tasks added\.\nWait for all of them with: koubou wait --label batch=(\w+)\n/.exec(stderr) ?? [];
      assert.deepEqual(
        records.map(({ labels }) => labels),
        Array(3).fill({ batch }),
      );
    });

    it('leaves out what has its output already', async () => {
      project.write('out/a.txt', 'done');
      project.write('out/b.txt', '');
      const { stdout, stderr } = await each('x', '--output', 'out/{stem}.txt', '--skip-existing');
      assert.equal(stdout.split('\n').length, 3);
      assert.match(stderr, /2 tasks added, 1 left out/);
      for (const stem of ['b', '文']) project.write(`out/${stem}.txt`, 'done');
      const again = await each('x', '--output', 'out/{stem}.txt', '--skip-existing', '--json');
      assert.deepEqual([again.code, JSON.parse(again.stdout)], [0, { tasks: [] }]);
    });

    it('may be repeated under a key', async () => {
      const first = await each('x {file}', '--key', 'nightly');
      const again = await each('x {file}', '--key', 'nightly');
      assert.deepEqual([again.code, again.stdout], [0, first.stdout]);
      assert.match(again.stderr, /0 tasks added, 3 existed/);
    });

    it('takes a name with letters of patterns as it is', async () => {
      project.write('[1]*.md', 'x');
      await project.run('delegate', '--each', '[1]*.md', 'x');
      assert.deepEqual(
        (await project.only()).files.map(({ path }) => path),
        [join(project.folder, '[1]*.md')],
      );
    });

    it('without any file, or with equal outputs, adds nothing', async () => {
      await refused(['--each', '*.nope', 'x'], /No file fits --each '\*\.nope'/);
      await refused(['--each', 'docs/*.md', '--output', 'one.txt', 'x'], /Two tasks would write/);
      await refused(['--each', 'docs/*.md', '--skip-existing', 'x'], /none is named/);
    });

    it('hints to quote a pattern that the shell has filled in', () =>
      refused(['--each', 'docs/a.md', 'docs/b.md', 'x'], /into quotes, as in --each 'docs\/\*\.md'/));

    it('leaves braces alone where there is none', async () => {
      await project.run('delegate', 'Use {file} and {name}');
      assert.equal((await project.only()).prompt, 'Use {file} and {name}');
    });
  });

  describe('marks as sensitive what holds a secret,', () => {
    const secret = 'the password is hunter2\n';
    const marked = async (input: string | undefined, ...args: string[]): Promise<boolean[]> => {
      const { code, stderr } = await project.runWith(
        input === undefined ? {} : { input },
        'delegate',
        ...args,
      );
      assert.equal(code, 0, stderr);
      return (await project.records()).map(({ sensitive }) => sensitive);
    };
    beforeEach(() => {
      project.write('secret.txt', secret);
      project.write('plain.txt', 'plain\n');
    });

    it('in words', async () => assert.deepEqual(await marked(undefined, secret), [true]));
    it('in a file with the prompt', async () =>
      assert.deepEqual(await marked(undefined, '--prompt-file', 'secret.txt'), [true]));
    it('on stdin', async () => assert.deepEqual(await marked(secret), [true]));
    it('in a file', async () =>
      assert.deepEqual(await marked(undefined, '--file', 'secret.txt', 'p'), [true]));
    it('in a file on stdin', async () => assert.deepEqual(await marked(secret, '--file', '-', 'p'), [true]));
    it('in one of --each', async () =>
      assert.equal((await marked(undefined, '--each', '*.txt', 'p')).filter(Boolean).length, 1));
    it('in a line of a batch', async () => {
      const lines = [
        { prompt: secret, sensitive: false },
        { prompt: 'p' },
        { prompt: 'q', file: 'secret.txt' },
      ];
      const input = lines.map((line) => JSON.stringify(line)).join('\n');
      assert.deepEqual(await marked(input, '--batch', '-'), [true, false, true]);
    });
    it('in a schema', async () => {
      project.write('schema.json', JSON.stringify({ const: 'password: hunter2' }));
      assert.deepEqual(await marked(undefined, '--schema', 'schema.json', 'p'), [true]);
    });
    it('and a key that only secretlint knows', async () => {
      const key = ['lin', '_api_', 'aB3dE6gH9j'.repeat(4)].join('');
      assert.deepEqual(await marked(undefined, `Use ${key} here.`), [true]);
    });
  });

  it('keeps local what is said to be so of a whole batch, whatever a line says', async () => {
    const lines = [{ prompt: 'a', local_only: false }, { prompt: 'b' }];
    const input = lines.map((line) => JSON.stringify(line)).join('\n');
    await project.runWith({ input }, 'delegate', '--batch', '-', '--local-only');
    const said = (await project.records()).map(({ options }) => options.local_only);
    assert.deepEqual(said, [true, true]);
  });

  describe('--batch', () => {
    it('adds a task a line, of which flags say what lines do not', async () => {
      project.write('a.md', 'x');
      const lines = [
        { prompt: 'a', file: 'a.md', priority: 7 },
        { prompt: 'b', options: { model: 'own' }, labels: { l: '1' } },
        { type: 'command', command: ['ls'] },
      ];
      const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('\n');
      const { code, stderr } = await project.runWith(
        { input },
        'delegate',
        '--batch',
        '-',
        '--model',
        'm',
        '--label',
        'k=v',
      );
      assert.equal(code, 0);
      assert.match(stderr, /3 tasks added/);
      const records = await project.records();
      assert.deepEqual(
        records.map(({ prompt, command, options, priority }) => [prompt, command, options.model, priority]),
        [
          ['a', [], 'm', 7],
          ['b', [], 'own', 5],
          ['', ['ls'], 'm', 5],
        ],
      );
      const batch = records[0]?.labels['batch'] ?? '';
      assert.deepEqual(
        records.map(({ labels }) => labels),
        [
          { k: 'v', batch },
          { k: 'v', l: '1', batch },
          { k: 'v', batch },
        ],
      );
    });

    it('takes back what list --json printed', async () => {
      project.write('a.txt', 'x');
      const asked = ['--label', 'a=b', '--file', 'a.txt', '--output', 'b.txt', '--', 'echo', 'x'];
      await project.run('delegate', '--type', 'command', ...asked);
      const record = await project.only();
      await project.runWith({ input: JSON.stringify(record) }, 'delegate', '--batch', '-');
      const copy = (await project.records())[1];
      assert.deepEqual([copy?.command, copy?.labels['a'], copy?.type], [record.command, 'b', 'command']);
    });

    it('adds all or none', async () => {
      project.write('b.jsonl', '{"prompt":"a"}\n{"prompt":"b","file":"nope"}\n');
      await refused(['--batch', 'b.jsonl'], /nope does not exist/);
      project.write('b.jsonl', '{"prompt":"a"}\n{"promt":"b"}\n');
      await refused(['--batch', 'b.jsonl'], /b\.jsonl, line 2: 'promt' is no field.*\n.*prompt\?/);
      project.write('b.jsonl', '{"prompt":"a","output":"x"}\n{"prompt":"b","output":"./x"}\n');
      await refused(['--batch', 'b.jsonl'], /Two tasks would write/);
    });
  });
});
