/** A key that a server repeats is in no outcome, log, event or result; a key in a URL is taken from nobody. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtKoubou } from '../support/koubou/built.ts';
import { Daemons } from '../support/koubou/daemon.ts';
import { inEvents, inLines, startWorstServer, type WorstServer } from './worst-server.ts';

const KEY = 'key/of"mine+4711';
const CODED = [
  KEY,
  JSON.stringify(KEY).slice(1, -1),
  encodeURIComponent(KEY),
  Buffer.from(KEY).toString('hex'),
  // The letters of base64 in the middle of it, for each of the ways in which it may lie.
  ...[0, 1, 2].map((before) =>
    Buffer.from(`${'u'.repeat(before)}${KEY}`)
      .toString('base64')
      .slice(4, 20),
  ),
];

const SPELLED = [
  KEY.split('')
    .map((letter) => `&#${letter.charCodeAt(0)};`)
    .join(''),
  KEY.split('')
    .map((letter) => `\\x${letter.charCodeAt(0).toString(16)}`)
    .join(''),
  KEY.split('').join(' '),
  KEY.split('').reverse().join(''),
];

type Answer = Parameters<typeof startWorstServer>[0];

const halves = [KEY.slice(0, 6), KEY.slice(6)];
const basic = Buffer.from(`user:${KEY}`).toString('base64');

/** Ollama's lines and OpenAI's events alike. */
const answers: Record<string, { kind: 'ollama' | 'openai'; answer: Answer; says?: RegExp }> = {
  'in the error of a refused key': {
    kind: 'openai',
    answer: (response, authorization) =>
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { message: `Incorrect key: ${authorization}` } })),
    says: /refused the key: Incorrect key: Bearer \[key\]/,
  },
  'in a page of HTML': {
    kind: 'openai',
    answer: (response) =>
      response.writeHead(500).end(`<h1>Oops</h1><p>${encodeURIComponent(KEY)} and Basic ${basic}</p>`),
    says: /failed: Oops \[key\] and Basic/,
  },
  'spelled in an error': {
    kind: 'openai',
    answer: (response) =>
      response.writeHead(401).end(
        JSON.stringify({
          error: { message: `bad ${SPELLED.join(' or ')} key` },
        }),
      ),
    says: /refused the key: bad \W*\[key\](?: or \W*\[key\]\W*){3}key/,
  },
  'in an error line of a stream': {
    kind: 'ollama',
    answer: (response) => response.end(`${JSON.stringify({ error: `bad key ${KEY}` })}\n`),
    says: /bad key \[key\]/,
  },
  'in an error event of a stream': {
    kind: 'openai',
    answer: (response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.end(`data: ${JSON.stringify({ error: { message: `bad key ${KEY}` } })}\n\n`);
    },
    says: /bad key \[key\]/,
  },
  'in the address that it sends us on to': {
    kind: 'openai',
    answer: (response) =>
      response.writeHead(302, { location: `http://127.0.0.1:1/?key=${encodeURIComponent(KEY)}` }).end(),
    says: /key=\[key\]/,
  },
  'in two pieces of an answer': { kind: 'ollama', answer: inLines(['it is ', ...halves, ' I think']) },
  'in two events of an answer': { kind: 'openai', answer: inEvents(['it is ', ...halves, ' I think']) },
  'around markup that is taken off': {
    kind: 'ollama',
    answer: inLines([`<think>${halves.join('')}</think>it is ${halves.join('<|im_end|>')}`]),
  },
  'in a name of another machine': {
    kind: 'ollama',
    answer: (response) =>
      response.end(
        `${JSON.stringify({ model: 'm', remote_host: `http://${KEY}`, message: { content: 'x' }, done: true, done_reason: 'stop' })}\n`,
      ),
  },
};

describe('the key of an endpoint', () => {
  let daemons: Daemons;
  let server: WorstServer | undefined;

  before(async function () {
    this.timeout(60_000);
    await builtKoubou();
  });

  afterEach(async () => {
    await daemons.remove();
    server?.close();
    server = undefined;
  });

  const begin = async (kind: 'ollama' | 'openai', answer: Answer): Promise<WorstServer> => {
    const started = await startWorstServer(answer);
    server = started;
    daemons = await Daemons.make(`
endpoints:
  here: { kind: ${kind}, url: '${started.url}${kind === 'openai' ? '/v1' : ''}', api_key_env: MYKEY }
runners:
  local: { kind: ${kind}, endpoint: here, model: m }
routing:
  default: { general: local }
`);
    return started;
  };

  /** Where in the home, and in what was printed, the key can be read in any form. */
  const found = (printed: string): string[] => {
    const { home } = daemons.home;
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(home, name)).isFile(),
    );
    const texts = [
      ...files.map((name) => [name, readFileSync(join(home, name), 'latin1')] as const),
      ['printed', printed] as const,
    ];
    return texts
      .filter(([, text]) => [...CODED, ...SPELLED].some((form) => text.includes(form)))
      .map(([name]) => name);
  };

  for (const [where, { kind, answer, says }] of Object.entries(answers)) {
    it(`is kept nowhere when the server repeats it ${where}`, async () => {
      const { asked } = await begin(kind, answer);
      const id = await daemons.add({ options: { retries: 0 } });
      const { stdout, stderr } = await daemons.koubou(['work', '--drain', '--json'], {
        environment: { MYKEY: KEY, KOUBOU_LOG_LEVEL: 'debug' },
      });
      const record = await daemons.record(id);
      assert.ok(
        asked.some(({ authorization }) => authorization === `Bearer ${KEY}`),
        'the server knows it',
      );
      assert.deepEqual(found(stdout + stderr), []);
      if (says === undefined) {
        assert.equal(record.status, 'completed', JSON.stringify(record.result?.error));
        if (where.includes('answer')) assert.equal(record.result?.output, 'it is [key] I think');
      } else assert.match(record.result?.error?.message ?? '', says);
    });
  }

  it('would be found where it is kept', async () => {
    await begin('ollama', inLines(['x']));
    writeFileSync(join(daemons.home.home, 'leak'), `Basic ${basic}`);
    assert.deepEqual(found(''), ['leak']);
  });

  it('is taken from no URL, and not repeated where one has it', async () => {
    const { url } = await begin('ollama', inLines(['x']));
    const within = url.replace('//', '//user:hunter2@');
    for (const name of ['OLLAMA_HOST', 'OPENAI_API_BASE', 'LMSTUDIO_BASE_URL']) {
      const { code, stdout, stderr } = await daemons.koubou(['work', '--drain'], {
        environment: { [name]: within },
      });
      assert.equal(code, 2, name);
      assert.match(stdout + stderr, new RegExp(`${name}.*user:password@`));
      assert.match(stdout + stderr, /api_key_env/);
      assert.doesNotMatch(stdout + stderr, /hunter2/);
    }
    daemons.configure(`endpoints: { here: { kind: ollama, url: '${within}' } }\n`);
    const { code, stdout, stderr } = await daemons.koubou(['work', '--drain']);
    assert.equal(code, 2);
    assert.match(stdout + stderr, /endpoints\.here\.url.*user:password@.*api_key_env/s);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
    const set = await daemons.koubou(['config', 'endpoints.here.url', within]);
    assert.notEqual(set.code, 0);
    assert.doesNotMatch(set.stdout + set.stderr, /hunter2/);
  });
});
