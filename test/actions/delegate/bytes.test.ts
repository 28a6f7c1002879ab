/** The bytes of prompts, files, names and results, from delegate to the end of the task. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBatchFile } from '../../../src/actions/delegate/batch.ts';
import type { Fields } from '../../../src/task/fields/asked-task.ts';
import { CONFIG, projectForEach } from '../../support/app.ts';
import { startScriptedServer, steps } from '../../support/servers/scripted-server.ts';

const MARK = '\uFEFF';
const utf16 = (text: string): Buffer => Buffer.from(`${MARK}${text}`, 'utf16le');

describe('the bytes of what is given', () => {
  const project = projectForEach();

  it('are a prompt, a schema and a batch without their byte order mark, in UTF-8 and UTF-16, with CR LF', async () => {
    const app = await project().open();
    for (const [name, bytes] of [
      ['utf8', (text: string) => Buffer.from(`${MARK}${text}`)],
      ['utf16', utf16],
    ] as const) {
      project().write(`${name}.txt`, bytes('Do it.\r\n'));
      project().write(`${name}.json`, bytes('{"type":"object"}'));
      project().write(`${name}.jsonl`, bytes('{"prompt":"one"}\r\n\r\n{"prompt":"two"}\r\n'));
      await project().delegate({ promptFile: `${name}.txt`, schema: `${name}.json` });
      const batch = await readBatchFile(app, `${name}.jsonl`, undefined);
      await project().delegate({}, { batch });
    }
    const records = await project().records();
    assert.deepEqual(
      records.map(({ prompt }) => prompt),
      ['Do it.', 'one', 'two', 'Do it.', 'one', 'two'],
    );
    assert.deepEqual(records[3]?.options.schema, { type: 'object' });
  });

  it('are of an attached file in UTF-16 what the model is sent, as text', async () => {
    const server = await startScriptedServer([steps.text('done')]);
    try {
      project().configure(CONFIG.replace('http://127.0.0.1:1', server.url));
      project().write('a.txt', utf16('größe 日本'));
      await project().delegate({ prompt: 'What is it?', files: ['a.txt'] });
      await project().drain();
      assert.equal((await project().only()).status, 'completed', JSON.stringify(await project().only()));
      assert.ok(JSON.stringify(server.requests).includes('größe 日本'));
    } finally {
      await server.close();
    }
  });

  describe('in names that are not UTF-8', () => {
    const ODD = Buffer.from([0x62, 0xff, 0x2e, 0x74, 0x78, 0x74]);
    /** As Node gives them to a program that they are typed to. */
    const odd = 'b\uFFFD.txt';
    const place = (before = ''): void =>
      writeFileSync(Buffer.concat([Buffer.from(`${project().folder}/${before}`), ODD]), '{"type":"object"}');
    const command = { type: 'command', command: ['true'] };

    for (const [where, fields] of Object.entries<Fields>({
      file: { prompt: 'x', files: [odd] },
      prompt_file: { promptFile: odd },
      schema: { prompt: 'x', schema: odd },
      expect: { ...command, expect: [odd] },
      output: { ...command, output: odd },
    })) {
      it(`are refused as such, and nothing is added: ${where}`, async function () {
        if (process.platform === 'darwin') this.skip();
        place();
        await assert.rejects(project().delegate(fields), {
          code: 'usage',
          message: /not UTF-8, so no task can name it\. Nothing was added\.$/,
        });
        assert.deepEqual(await project().records(), []);
      });
    }

    it('are all named by an --each that fits them', async function () {
      if (process.platform === 'darwin') this.skip();
      place();
      place('c');
      await assert.rejects(project().delegate({ prompt: 'x' }, { each: '*.txt' }), {
        code: 'usage',
        message: /2 files are not UTF-8.*\/b.*\/cb/,
      });
      assert.deepEqual(await project().records(), []);
    });

    it('are told of where only they fit --expect', async function () {
      if (process.platform === 'darwin') this.skip();
      const script = `mkdir out; echo x > "out/$(printf 'b\\377.txt')"`;
      await project().delegate({ type: 'command', command: ['sh', '-c', script], expect: ['out/*'] });
      await project().drain();
      const { result } = await project().only();
      assert.match(result?.error?.message ?? '', /out\/\* fits a name that is not UTF-8/);
    });
  });

  describe('of a result that --schema accepted', () => {
    beforeEach(() => {
      project().write('s.json', '{"type":"object"}');
    });
    const answered = async (text: string) => {
      const server = await startScriptedServer([steps.text(text)]);
      try {
        project().configure(CONFIG.replace('http://127.0.0.1:1', server.url));
        await project().delegate({ prompt: 'Give it.', schema: 's.json', output: 'o.json' });
        await project().drain();
        return await project().only();
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
        assert.deepEqual(JSON.parse(readFileSync(join(project().folder, 'o.json'), 'utf8')), { a: 1 });
      });
    }

    for (const [name, script] of Object.entries({
      'a byte order mark': `printf '\\357\\273\\277{}'`,
      'bytes that are no UTF-8': `printf '{"a":"\\377"}'`,
      'UTF-16': `printf '\\377\\376{\\000}\\000'`,
    })) {
      it(`are refused from a program that prints ${name}`, async () => {
        await project().delegate({ type: 'command', command: ['sh', '-c', script], schema: 's.json' });
        await project().drain();
        assert.equal((await project().only()).result?.error?.code, 'schema_invalid');
      });
    }
  });
});
