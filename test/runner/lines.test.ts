import assert from 'node:assert/strict';
import { linesOf } from '../../src/runner/connection/lines.ts';
import { sseGuard } from '../../src/runner/connection/sse-guard.ts';

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const each of all) yield each;
}
const collected = async (lines: AsyncIterable<string[]>): Promise<string[]> => {
  const all: string[] = [];
  for await (const each of lines) all.push(...each);
  return all;
};
const never = (): Error => new Error('it is too long');

describe('the lines of a stream', () => {
  for (const [name, end] of Object.entries({ LF: '\n', 'CR LF': '\r\n', 'CR alone': '\r' })) {
    it(`end with ${name}, wherever the bytes are cut, letters too`, async () => {
      const bytes = Buffer.from(`\uFEFF${['ü日', '', '\u{1F600}x', 'end'].join(end)}${end}`);
      for (let at = 0; at <= bytes.length; at += 1) {
        for (const next of [at, at + 1]) {
          const body = pieces(bytes.subarray(0, at), bytes.subarray(at, next), bytes.subarray(next));
          assert.deepEqual(
            await collected(linesOf(body, never, { loneCr: true })),
            ['ü日', '', '\u{1F600}x', 'end'],
            `cut at ${at}`,
          );
        }
      }
    });
  }

  it('of JSON documents do not end with CR alone', async () => {
    assert.deepEqual(await collected(linesOf(pieces(Buffer.from('{"a":\r1}\n')), never)), ['{"a":\r1}']);
  });

  it('of events come on at once, and the last one is known, with CR alone', async () => {
    const server = { kind: 'openai', url: 'http://127.0.0.1:1', model: 'm' } as const;
    let done = false;
    const guard = sseGuard(server, () => {
      done = true;
    });
    const seen: string[] = [];
    const event = (data: string): Uint8Array => Buffer.from(`data: ${data}\r\r`);
    for await (const each of guard(pieces(event('{"choices":[]}'), event('[DONE]')))) {
      seen.push(Buffer.from(each).toString('utf8'));
    }
    assert.deepEqual([seen, done], [['data: {"choices":[]}\n\n', 'data: [DONE]\n\n'], true]);
  });
});
