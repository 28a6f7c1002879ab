import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Edit, mutantTree } from '../test/support/mutants/source.ts';
import { Asking, HUNG } from './endpoints/ask.ts';
import type { Answered } from './endpoints/asker.ts';
import type { Case } from './endpoints/case.ts';
import { CASES } from './endpoints/faults.ts';
import { answerWith, FaultyServer, type Kind, write } from './endpoints/faulty-server.ts';
import { MOST_HELD, questionTo, tryCase } from './endpoints/try-case.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';

/** The address of an asker that asks through a copy of src in which something is wrong. */
const mutantAsker = async (edit: Edit): Promise<URL> => {
  const also = ['test/contract', 'test/support', 'reliability/endpoints', 'reliability/figures.ts'];
  const root = await mutantTree([edit], ['src', ...also]);
  return pathToFileURL(join(root, 'reliability/endpoints/asker.ts'));
};

const ALL: readonly Kind[] = ['ollama', 'openai', 'relay'];
/** Most of the time is waited for: silence, and clocks that end it. */
const AT_ONCE = 4;

/** Of the shapes that JSON can have, the sample takes each sixth. */
const isTried = ({ isLong, group }: Case, index: number): boolean =>
  exhaustive || (isLong !== true && (group !== 'JSON of another shape' || index % 6 === 0));

interface Row {
  cases: number;
  answers: number;
  charged: number;
  free: number;
  longestMs: number;
  /** MB; null where nobody looked. */
  mostHeld: number | null;
  bad: number;
}

describe('endpoints', function () {
  this.timeout(exhaustive ? 7_200_000 : 120_000);
  const rows = new Map<string, Row>();
  const planted: string[] = [];
  let asking: Asking;

  before(() => {
    asking = new Asking();
  });
  after(async () => {
    await asking.close();
    await publishFigures('endpoints', figures());
  });

  it('that do anything wrong end an attempt with the right code and words, and the next task goes well', async () => {
    const waiting = CASES.filter(isTried).flatMap((each) =>
      (each.kinds ?? ALL).map((kind) => ({ each, kind })),
    );
    const problems: string[] = [];
    const work = async (): Promise<void> => {
      const own = new Asking();
      const ofBig = new Asking();
      try {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const asker = next.each.isBig ? ofBig : own;
          const { answered, problems: found } = await tryCase(next.each, next.kind, asker);
          problems.push(...found);
          count(next.each.group, answered, found.length > 0);
        }
      } finally {
        await own.close();
        await ofBig.close();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    assert.deepEqual(problems, []);
  });

  for (const status of [301, 302, 303, 307, 308]) {
    it(`that send on with ${status} are not followed, and nothing is sent there`, async () => {
      const elsewhere = await FaultyServer.start('openai', {});
      try {
        for (const kind of ALL) {
          for (const sensitive of [true, false]) {
            const server = await FaultyServer.start(kind, {
              chat: async (socket) => {
                const location = `http://localhost:${elsewhere.port}/v1/chat/completions`;
                await answerWith(socket, '', { location }, `${status} Elsewhere`);
              },
            });
            const answered = await asking.ask(questionTo(server, { sensitive }));
            assert.deepEqual(answered.problems, []);
            assert.equal(answered.code, sensitive ? 'not_local' : 'usage', answered.message);
            assert.match(answered.message, /not followed/);
            await server.close();
            count('sends on to another host', answered, false);
          }
        }
        assert.deepEqual(elsewhere.asked, []);
      } finally {
        await elsewhere.close();
      }
    });
  }

  it('that are dead cost nothing, whatever asks', async () => {
    for (const kind of ALL) {
      const server = await FaultyServer.start(kind, {});
      await server.close();
      const answered = await asking.ask(questionTo(server));
      assert.deepEqual(
        [answered.code, answered.charged, answered.problems],
        ['runner_unavailable', false, []],
      );
      assert.match(answered.message, /nothing listens there/);
      count('is not there', answered, false);
    }
  });

  it('that speak no TLS where it is asked for say so', async () => {
    const plain = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once(
        'data',
        () => void write(socket, 'HTTP/1.1 400 Bad Request\r\n\r\n').then(() => socket.end()),
      );
    }).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    try {
      for (const kind of ALL) {
        const url = `https://127.0.0.1:${(plain.address() as AddressInfo).port}/v1`;
        const answered = await asking.ask(questionTo({ kind, url }));
        assert.deepEqual(
          [answered.code, answered.charged, answered.problems],
          ['runner_unavailable', false, []],
        );
        assert.match(answered.message, /does not speak TLS/);
        count('breaks HTTP', answered, false);
      }
    } finally {
      plain.close();
    }
  });

  it('that come and go are used whenever they are there', async () => {
    for (const kind of ALL) {
      let turn = 0;
      const server = await FaultyServer.start(kind, {
        chat: (socket, _, asked) => {
          turn += 1;
          if (turn % 2 === 1) return socket.resetAndDestroy();
          server.heal();
          return server.answerWell(socket, asked);
        },
      });
      try {
        const first = await asking.ask(questionTo(server));
        const second = await asking.ask(questionTo(server));
        assert.deepEqual([first.ok, second.ok], [false, true], second.message);
        assert.deepEqual([...first.problems, ...second.problems], []);
        count('comes and goes', first, false);
        count('comes and goes', second, false);
      } finally {
        await server.close();
      }
    }
  });

  const faults: [what: string, tried: string, kind: Kind, found: RegExp, fault: Edit][] = [
    [
      'reads a line without end',
      'a line without end',
      'openai',
      /the asker died|it hung|it held \d+ MB/,
      {
        file: 'runner/connection/lines.ts',
        from: 'if (rest.length > LINE_LETTERS) throw tooLong();',
        to: '',
      },
    ],
    [
      'keeps all that it has written',
      'text without end',
      'ollama',
      /it held \d+ MB/,
      {
        file: 'runner/connection/bounded-answer.ts',
        from: 'await this.#output.appendFile(text);',
        to: '((globalThis as any).kept ??= []).push(text); await this.#output.appendFile(text);',
      },
    ],
    [
      'charges nothing for a server that breaks',
      'resets in the middle',
      'ollama',
      /not runner_unavailable, charged/,
      {
        file: 'runner/connection/http-failure.ts',
        from: '{ charged: true, cause },\n  );\n\n/** An HTTP status',
        to: '{ charged: false, cause },\n  );\n\n/** An HTTP status',
      },
    ],
    [
      'waits for all of an error',
      'sends the head of an error and nothing more',
      'ollama',
      /it hung/,
      {
        file: 'runner/connection/connection.ts',
        from: 'setTimeout(giveUp, ERROR_BODY_MS)',
        to: 'setTimeout(() => undefined, ERROR_BODY_MS)',
      },
    ],
    [
      'believes every count',
      '{"done":true,"done_reason":"stop","prompt_eval_count":"26","eval_count":"26"} from ollama',
      'ollama',
      /an outcome that no file can hold/,
      {
        file: 'text/formats/json.ts',
        from: "typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null",
        to: 'value as number',
      },
    ],
    [
      'leaves a timer behind',
      '418 and a page',
      'ollama',
      /left behind: .*Timeout/,
      {
        file: 'runner/connection/connection.ts',
        from: '  } finally {\n    clearTimeout(timer);\n    giveUp();',
        to: '  } finally {\n    giveUp();',
      },
    ],
  ];
  for (const [what, tried, kind, found, fault] of faults) {
    it(`are tried well enough to find a runner that ${what}`, async () => {
      const each = CASES.find((one) => one.what === tried && (one.kinds ?? ALL).includes(kind));
      assert.ok(each, tried);
      const hangsAfterMs = found.test(HUNG) ? 5000 : undefined;
      const wrong = new Asking(await mutantAsker(fault), hangsAfterMs);
      try {
        const { problems } = await tryCase(each, kind, wrong);
        assert.match(problems.join('\n'), found);
        planted.push(what);
      } finally {
        await wrong.close();
      }
    });
  }

  const count = (group: string, { ok, charged, ms, held }: Answered, isBad: boolean): void => {
    const row = rows.get(group) ?? {
      cases: 0,
      answers: 0,
      charged: 0,
      free: 0,
      longestMs: 0,
      mostHeld: null,
      bad: 0,
    };
    rows.set(group, row);
    row.cases += 1;
    if (ok) row.answers += 1;
    else if (charged) row.charged += 1;
    else row.free += 1;
    row.longestMs = Math.max(row.longestMs, ms);
    if (held !== null) row.mostHeld = Math.max(row.mostHeld ?? 0, held);
    if (isBad) row.bad += 1;
  };

  const figures = (): Figures => ({
    title: 'Model servers that break',
    about: `A server made of sockets breaks its connection, HTTP, its compression, its JSON or its size, under the runners \`ollama\` and \`openai\` and under the relay between Codex and its server. A separate process sends the requests. The attempt has to end with the code of errors.ts that describes what happened, charged or not as that code says, with a hint, without unhandled rejections, with nothing printed, and with no socket or timer left. While an endless answer or one of 1 GB arrives, the memory in use after a garbage collection is measured again and again: it may be at most ${MOST_HELD} MB more than before, which is much less than the limit of an answer. Then the server is repaired, and the next task has to succeed.`,
    command: 'npm run faults -- endpoints',
    columns: [
      'The server',
      'Cases',
      'An answer',
      'Charged',
      'Free',
      'Longest',
      'Held in memory',
      'Not as promised',
    ],
    rows: [...rows].map(([group, { cases, answers, charged, free, longestMs, mostHeld, bad }]) => [
      group,
      cases,
      answers,
      charged,
      free,
      `${(longestMs / 1000).toFixed(1)} s`,
      mostHeld === null ? '' : `${mostHeld} MB`,
      bad,
    ]),
    notes: [
      `Planted faults that the same table finds: a runner that ${planted.join(', that ')}.`,
      'The time limits of the attempt (`timeout`, `stall_timeout`, `load_timeout`) end a silence, here after half a second.',
      'A server that sends `100 Continue` without being asked counts as broken, because undici, which both clients use, treats it as broken.',
    ],
  });
});
