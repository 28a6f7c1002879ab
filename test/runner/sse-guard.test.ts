/** What the client of a stream is given: it copies what is left of a piece for each event in it. */
import assert from 'node:assert/strict';
import { sseGuard } from '../../src/runner/connection/sse-guard.ts';

const SERVER = { kind: 'openai', url: 'http://127.0.0.1:1', model: 'm' } as const;

const passed = async (...pieces: string[]): Promise<string[]> => {
  const body = async function* () {
    for (const piece of pieces) yield new TextEncoder().encode(piece);
  };
  const given: string[] = [];
  for await (const piece of sseGuard(SERVER)(body())) given.push(new TextDecoder().decode(piece));
  return given;
};

const event = (text: string): string => `data: {"choices":[{"delta":{"content":"${text}"}}]}\n\n`;
const done = 'data: [DONE]\n\n';

describe('a stream of events', () => {
  it('is passed on an event at a time, however many come at once', async () => {
    const events = Array.from({ length: 1000 }, (_, nth) => event(String(nth)));
    assert.deepEqual(await passed(events.join('') + done), [...events, done]);
  });

  it('is passed on without what only keeps it open', async () => {
    const idle = ': ping\n\n'.repeat(10_000) + '\n'.repeat(10_000);
    assert.deepEqual(await passed(idle, event('a') + idle, idle + event('b') + done), [
      event('a'),
      event('b'),
      done,
    ]);
  });

  it('is passed on as it comes where an event comes in pieces', async () => {
    const [first, second] = ['event: x\n', event('a')];
    assert.deepEqual(await passed(first, second, done), [first, second, done]);
    assert.deepEqual(await passed('data: {"choices":\ndata: []}\n\n', done), [
      'data: {"choices":\ndata: []}\n\n',
      done,
    ]);
  });

  it('ends at the line that says so, with the empty line that a server owes', async () => {
    assert.deepEqual(await passed(event('a'), 'data: [DONE]\n', event('b')), [event('a'), done]);
  });
});
