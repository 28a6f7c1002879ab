import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtKoubou } from '../support/koubou/built.ts';
import { Project } from '../support/koubou/project.ts';
import { startScriptedServer, steps } from '../support/servers/scripted-server.ts';

const MARK = '\uFEFF';
const utf16 = (text: string): Buffer => Buffer.from(`${MARK}${text}`, 'utf16le');

describe('the bytes of what is given', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  const refused = async (args: string[], ...told: RegExp[]): Promise<void> => {
    const ended = await project.run('delegate', ...args);
    for (const each of told) assert.match(ended.stderr, each);
    assert.deepEqual([ended.code, await project.records()], [2, []]);
  };

  it('are a prompt, a schema and a batch without their byte order mark, in UTF-8 and UTF-16, with CR LF', async () => {
    for (const [name, bytes] of [
      ['utf8', (text: string) => Buffer.from(`${MARK}${text}`)],
      ['utf16', utf16],
    ] as const) {
      project.write(`${name}.txt`, bytes('Do it.\r\n'));
      project.write(`${name}.json`, bytes('{"type":"object"}'));
      project.write(`${name}.jsonl`, bytes('{"prompt":"one"}\r\n\r\n{"prompt":"two"}\r\n'));
      const { code } = await project.run(
        'delegate',
        '--prompt-file',
        `${name}.txt`,
        '--schema',
        `${name}.json`,
      );
      assert.deepEqual(
        [code, (await project.run('delegate', '--batch', `${name}.jsonl`)).code],
        [0, 0],
        name,
      );
    }
    const records = await project.records();
    assert.deepEqual(
      records.map(({ prompt }) => prompt),
      ['Do it.', 'one', 'two', 'Do it.', 'one', 'two'],
    );
    assert.deepEqual(records[3]?.options.schema, { type: 'object' });
  });

  it('are of an attached file in UTF-16 what the model is sent, as text', async () => {
    const server = await startScriptedServer([steps.text('done')]);
    try {
      const config = join(project.home, 'config', 'agent.yaml');
      writeFileSync(config, readFileSync(config, 'utf8').replace('http://127.0.0.1:1', server.url));
      project.write('a.txt', utf16('größe 日本'));
      await project.run('delegate', '--file', 'a.txt', 'What is it?');
      await project.run('work', '--drain');
      assert.equal((await project.only()).status, 'completed', JSON.stringify(await project.only()));
      assert.ok(JSON.stringify(server.requests).includes('größe 日本'));
    } finally {
      await server.close();
    }
  });

  it('hide no secret in UTF-16', async () => {
    project.write('a.txt', utf16('password = hunter22-xK9!'));
    await project.run('delegate', '--file', 'a.txt', 'What is it?');
    assert.equal((await project.only()).sensitive, true);
  });

  it('are told of every bad file of an --each, and nothing is added', async () => {
    for (const name of ['good.txt', 'also.txt']) project.write(name, 'text');
    project.write('latin.txt', Buffer.from('größe', 'latin1'));
    project.write('zero.txt', 'a\0b');
    await refused(['--each', '*.txt', 'x'], /2 files cannot be attached/, /latin\.txt/, /zero\.txt/);
    for (let nth = 0; nth < 12; nth += 1) project.write(`bad-${nth}.txt`, 'a\0b');
    await refused(['--each', '*.txt', 'x'], /14 files cannot be attached/, /and 4 more/);
  });

  describe('in names that are not UTF-8', () => {
    const ODD = Buffer.from([0x62, 0xff, 0x2e, 0x74, 0x78, 0x74]);
    const place = (): void =>
      writeFileSync(Buffer.concat([Buffer.from(`${project.folder}/`), ODD]), '{"type":"object"}');
    /** As a shell gives it: the words of spawn are text. */
    const typed = async (words: string) => {
      const program = await builtKoubou();
      const script = `odd=$(printf 'b\\377.txt'); exec "$0" "$1" delegate ${words}`;
      const env = { PATH: process.env['PATH'], XDG_STATE_HOME: process.env['XDG_STATE_HOME'] };
      return spawnSync('sh', ['-c', script, process.execPath, program], { cwd: project.folder, env });
    };

    for (const words of [
      '--file "$odd" x',
      '--prompt-file "$odd"',
      '--schema "$odd" x',
      '--type command --expect "$odd" -- true',
      '--type command --output "$odd" -- true',
    ]) {
      it(`are refused as such, and nothing is added: ${words}`, async function () {
        if (process.platform === 'darwin') this.skip();
        place();
        const { status, stderr } = await typed(words);
        assert.match(String(stderr), /not UTF-8, so no task can name it/);
        assert.deepEqual([status, await project.records()], [2, []]);
      });
    }

    it('are all named by an --each that fits them', async function () {
      if (process.platform === 'darwin') this.skip();
      place();
      writeFileSync(Buffer.concat([Buffer.from(`${project.folder}/c`), ODD]), 'text');
      await refused(['--each', '*.txt', 'x'], /2 files are not UTF-8/, /\/b/, /\/cb/);
    });

    it('are told of where only they fit --expect', async function () {
      if (process.platform === 'darwin') this.skip();
      const script = `mkdir out; echo x > "out/$(printf 'b\\377.txt')"`;
      await project.run('delegate', '--type', 'command', '--expect', 'out/*', '--', 'sh', '-c', script);
      await project.run('work', '--drain');
      const { result } = await project.only();
      assert.match(result?.error?.message ?? '', /out\/\* fits a name that is not UTF-8/);
    });
  });

  describe('of a result that --schema accepted', () => {
    const answered = async (text: string) => {
      const server = await startScriptedServer([steps.text(text)]);
      try {
        const config = join(project.home, 'config', 'agent.yaml');
        writeFileSync(config, readFileSync(config, 'utf8').replace(/http:\/\/127\.0\.0\.1:\d+/, server.url));
        project.write('s.json', '{"type":"object"}');
        await project.run('delegate', '--schema', 's.json', '--output', 'o.json', 'Give it.');
        await project.run('work', '--drain');
        return await project.only();
      } finally {
        await server.close();
      }
    };
    for (const [name, text] of Object.entries({
      'a byte order mark': `${MARK}{"a":1}`,
      'a mark behind it': `{"a":1}${MARK}`,
      'spaces that JSON does not know': '\u00A0{"a":1}\u3000\n',
      'a mark before its fence': `${MARK}\`\`\`json\n{"a":1}\n\`\`\``,
    })) {
      it(`are JSON for whoever reads it, without ${name}`, async () => {
        const { status, result } = await answered(text);
        assert.equal(status, 'completed', result?.error?.message);
        assert.deepEqual(JSON.parse(readFileSync(join(project.folder, 'o.json'), 'utf8')), { a: 1 });
      });
    }

    for (const [name, script] of Object.entries({
      'a byte order mark': `printf '\\357\\273\\277{}'`,
      'bytes that are no UTF-8': `printf '{"a":"\\377"}'`,
      'UTF-16': `printf '\\377\\376{\\000}\\000'`,
    })) {
      it(`are refused from a program that prints ${name}`, async () => {
        project.write('s.json', '{"type":"object"}');
        const words = ['--type', 'command', '--schema', 's.json', '--', 'sh', '-c', script];
        await project.run('delegate', ...words);
        await project.run('work', '--drain');
        assert.equal((await project.only()).result?.error?.code, 'schema_invalid');
      });
    }
  });
});
