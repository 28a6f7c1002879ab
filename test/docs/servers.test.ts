import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { meaningOfWords } from '../../src/runner/connection/server-words.ts';
import { streamEnd } from '../../src/runner/connection/stream-end.ts';
import { MarkupSplitter } from '../../src/runner/markup/model-markup.ts';
import { ollamaSettings, openAiSettings } from '../../src/runner/model/chat-settings.ts';
import { OllamaRunner } from '../../src/runner/model/ollama.ts';
import { usageOf } from '../../src/runner/model/openai-chunk.ts';
import { OpenAiRunner } from '../../src/runner/model/openai-compatible.ts';
import { looksCut } from '../../src/runner/model/prompt-verdict.ts';
import type { Runner } from '../../src/runner/runner.ts';
import { Bench, promptFolders } from '../contract/runner.ts';

const page = readFileSync(join(dirname(dirname(import.meta.dirname)), 'docs', 'servers.md'), 'utf8');

/** The text of a cell: without the marks of code, with its line ends. */
const textOf = (cell: string): string => {
  const [, marks = '', inner = ''] = /^(`*)(.*)\1$/.exec(cell.trim()) ?? [];
  if (inner === '(nothing)') return '';
  const bare = marks.length > 1 ? inner.slice(1, -1) : inner;
  const letters: Record<string, string> = { n: '\n', r: '\r' };
  return bare.replaceAll(/\\(.)/g, (_, letter: string) => letters[letter] ?? letter);
};

interface Table {
  part: string;
  heads: readonly string[];
  rows: readonly (readonly string[])[];
}

const cellsOf = (line: string): string[] => line.slice(2, -2).split(' | ');

/** Every table of the page, with the part that it stands in. */
const tables: readonly Table[] = page.split('\n## ').flatMap((text) => {
  const [part = ''] = text.split('\n', 1);
  return [...text.matchAll(/^(\| .+ \|)\n\| ---.*\n((?:\| .+ \|\n)+)/gm)].map(
    ([, heads = '', rows = '']) => ({
      part,
      heads: cellsOf(heads),
      rows: rows
        .trim()
        .split('\n')
        .map((row) => cellsOf(row).map(textOf)),
    }),
  );
});

const ran = new Set<Table>();

/** The rows of a part's tables whose first column has this head: those with a source, then their variations. */
const rowsOf = (part: string, head: string): (readonly string[])[] => {
  const found = tables.filter((table) => table.part === part && table.heads[0] === head);
  assert.ok(found.length > 0, `${part}: ${head}`);
  for (const table of found) ran.add(table);
  return found.flatMap(({ rows }) => rows);
};

/** The last cells of the tables whose last column has this head. */
const lastCells = (head: string): string[] =>
  tables
    .filter(({ heads }) => heads.at(-1) === head)
    .flatMap(({ rows }) => rows.map((row) => row.at(-1) ?? ''));

const answerOf = (pieces: readonly string[], asked = ''): string => {
  const splitter = new MarkupSplitter(asked);
  let answer = '';
  for (const part of [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()]) {
    if (part.kind === 'retract') answer = '';
    else if (part.kind === 'answer') answer += part.text;
  }
  return answer;
};

describe('docs/servers.md', () => {
  describe('streams', () => {
    let bench: Bench;
    let server: Server;
    let body = '';

    before(async () => {
      bench = await Bench.make();
      server = createServer((request, response) => {
        request.resume();
        if (request.method === 'POST' && /chat/.test(request.url ?? '')) response.end(body);
        else if (request.url === '/api/version') response.end('{"version":"0.33.0"}');
        else response.writeHead(404).end('{}');
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    after(async () => {
      server.close();
      server.closeAllConnections();
      await bench.remove();
    });

    const runnerFor = (protocol: string): Runner => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const shared = { name: 'm', model: 'm', promptFolders, template: 'auto' };
      const endpoint = (at: string) => ({ name: 'e', url: at, maxConcurrent: 1 });
      return protocol === 'ollama'
        ? new OllamaRunner({
            ...shared,
            endpoint: endpoint(url),
            numCtxMax: 8192,
            keepAlive: '5m',
            pull: false,
          })
        : new OpenAiRunner({ ...shared, endpoint: endpoint(`${url}/v1`) });
    };

    for (const [who, protocol = '', what, came = '', result] of rowsOf('Streams', 'server')) {
      it(`${who}: ${what}`, async () => {
        body = came;
        const verdict = await bench.judge(runnerFor(protocol));
        const got = verdict.ok ? readFileSync(bench.outputPath, 'utf8') : verdict.error.code;
        assert.equal(got, result, verdict.ok ? '' : verdict.error.message);
      });
    }
  });

  describe('ends', () => {
    for (const [who, dialect, said = '', kind] of rowsOf('Ends', 'server')) {
      it(`${who}: ${said}`, () =>
        assert.equal(streamEnd(dialect as 'ollama' | 'openai', said, []).kind, kind));
    }
  });

  describe('markup', () => {
    for (const [family, text = '', answer] of rowsOf('Markup', 'family')) {
      it(`${family}: ${text.slice(0, 40).replaceAll('\n', ' ')}`, () => {
        assert.equal(answerOf([text]), answer);
        assert.equal(answerOf(Array.from(text)), answer, 'letter by letter');
      });
    }
    for (const [where, text = ''] of rowsOf('Markup', 'where')) {
      it(`stays in ${where}`, () => {
        const own = text.replace(/^<\|channel\|>final<\|message\|>/, '');
        assert.equal(answerOf([text]), own);
        assert.equal(answerOf(Array.from(text)), own, 'letter by letter');
      });
    }
  });

  describe('errors', () => {
    for (const [who, words = '', meaning] of rowsOf('Errors', 'server')) {
      it(`${who}: ${words.slice(0, 50)}`, () => assert.equal(meaningOfWords(words), meaning));
    }
  });

  describe('settings', () => {
    for (const [protocol, model = '', set = '', sent = ''] of rowsOf('Settings', 'protocol')) {
      it(`${protocol}, ${model}: ${set}`, () => {
        const given = JSON.parse(set);
        const { fields, thinking } = openAiSettings(given, model);
        const got = protocol === 'ollama' ? ollamaSettings(given) : { ...fields, ...thinking };
        assert.deepEqual(got, JSON.parse(sent));
      });
    }
  });

  describe('token counts', () => {
    for (const [who, usage = '', tokens] of rowsOf('Token counts', 'server')) {
      it(`${who}`, () => assert.equal(String(usageOf({ usage: JSON.parse(usage) })?.input_tokens), tokens));
    }
  });

  describe('counts that fill a context', () => {
    for (const [who, context = '', counted = '', doubt] of rowsOf('Token counts', 'who')) {
      it(`${who}: ${counted} of ${context}`, () =>
        assert.equal(looksCut(Number(counted), JSON.parse(context)) ? 'yes' : 'no', doubt));
    }
  });

  it('runs every table, and every row of it', () => {
    assert.deepEqual(
      tables.filter((table) => !ran.has(table)).map(({ part, heads }) => `${part}: ${heads.join(', ')}`),
      [],
    );
    const linesOfTables = page.split('\n').filter((line) => line.startsWith('|')).length;
    assert.equal(
      tables.reduce((sum, { rows }) => sum + rows.length + 2, 0),
      linesOfTables,
    );
  });

  it('has a public source beside each row', () => {
    const sources = lastCells('source');
    assert.ok(sources.length > 0);
    for (const source of sources) assert.match(source, /^<https:\/\/[^\s>]+>(?:, <https:\/\/[^\s>]+>)*$/);
  });

  it('has a row with its source for each variation', () => {
    const sources = new Set(lastCells('source').flatMap((source) => source.split(', ')));
    const varied = lastCells('varies');
    assert.ok(varied.length > 0);
    assert.deepEqual(
      varied.filter((source) => !sources.has(source)),
      [],
    );
  });

  it('has a source, or what it varies, in the last column of each table', () =>
    assert.deepEqual(
      tables.map(({ heads }) => heads.at(-1)).filter((head) => head !== 'source' && head !== 'varies'),
      [],
    ));
});
