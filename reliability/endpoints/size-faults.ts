/** Answers without end, and answers of a gigabyte. */
import { gzipSync } from 'node:zlib';
import { body, broke, type Case, down, endless, MB, MODELS } from './case.ts';
import { event, head, piece, typeOf, write } from './faulty-server.ts';

/** Packed, of so many MB when it is unpacked: one that follows another one is a part of the same. */
const gzipOfNothing = (megabytes: number): Uint8Array => {
  const part = gzipSync(Buffer.alloc(64 * MB));
  return Buffer.concat(Array.from({ length: megabytes / 64 }, () => part));
};

const big: Omit<Case, 'isBig'>[] = [
  {
    what: 'text without end',
    group: 'without end, or 1 GB',
    fault: { chat: endless((kind) => piece(kind, 'and on '.repeat(1000))) },
    expected: { code: 'output_truncated', charged: true, words: /did not stop/ },
  },
  {
    what: 'a line without end',
    group: 'without end, or 1 GB',
    fault: { chat: endless(() => 'x'.repeat(60_000)) },
    expected: (kind) =>
      kind === 'relay'
        ? { code: 'output_truncated', charged: true, words: /did not stop/ }
        : broke(/a line without end/),
  },
  {
    what: 'an event of lines without end',
    group: 'without end, or 1 GB',
    fault: { chat: endless(() => `data: ${'x'.repeat(60_000)}\n`) },
    kinds: ['openai'],
    expected: broke(/without end/),
  },
  {
    what: 'thoughts without end',
    group: 'without end, or 1 GB',
    fault: {
      chat: endless((kind) =>
        kind === 'ollama'
          ? `${JSON.stringify({ message: { thinking: 'hm '.repeat(1000) }, done: false })}\n`
          : event({ choices: [{ delta: { reasoning: 'hm '.repeat(1000) } }] }),
      ),
    },
    kinds: MODELS,
    expected: { code: 'output_truncated', charged: true, words: /did not stop/ },
  },
  {
    what: 'comments without end',
    group: 'without end, or 1 GB',
    fault: { chat: endless(() => ': still here\n\n'.repeat(1000)) },
    kinds: ['openai'],
    endAfterMs: 1000,
    expected: { code: 'stalled', charged: true, words: /too long/ },
  },
  {
    what: '1 GB for an answer',
    group: 'without end, or 1 GB',
    isLong: true,
    fault: {
      chat: async (socket, kind) => {
        const text = piece(kind, 'x'.repeat(60_000));
        const count = Math.ceil((1024 * MB) / text.length);
        await write(
          socket,
          head('200 OK', { 'content-type': typeOf(kind), 'content-length': text.length * count }),
        );
        for (let sent = 0; sent < count; sent += 1) await write(socket, text);
      },
    },
    expected: { code: 'output_truncated', charged: true, words: /did not stop/ },
  },
  {
    what: '1 GB when it is asked about itself',
    group: 'without end, or 1 GB',
    fault: {
      look: async (socket) => {
        await write(
          socket,
          head('200 OK', { 'content-type': 'application/json', 'content-length': 1024 * MB }),
        );
        await write(socket, '{"x":"');
        for (let sent = 0; sent < 1024; sent += 1) await write(socket, 'y'.repeat(MB));
      },
    },
    kinds: MODELS,
    expected: down(/sends more than/),
  },
  {
    what: 'an error of 1 GB',
    group: 'without end, or 1 GB',
    fault: {
      chat: async (socket) => {
        await write(socket, head('500 Broken', { 'content-length': 1024 * MB }));
        for (let sent = 0; sent < 1024; sent += 1) await write(socket, 'y'.repeat(MB));
      },
    },
    expected: broke(/failed: y/),
  },
  {
    what: 'a gzip of 1 GB',
    group: 'without end, or 1 GB',
    fault: { chat: body(() => gzipOfNothing(1024), { 'content-encoding': 'gzip' }) },
    kinds: MODELS,
    expected: broke(/without end|not JSON/),
  },
];

export const sizes: Case[] = big.map((each) => ({ ...each, isBig: true }));
