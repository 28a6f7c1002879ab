/** What a server does wrong and what has to come of it; and the pieces that faults are made of. */
import type { ErrorCode } from '../../src/errors.ts';
import {
  type Answer,
  answerWith,
  begin,
  chunk,
  endChunks,
  ending,
  type Fault,
  type Kind,
  piece,
  typeOf,
} from './faulty-server.ts';

export type Expected = { ok: RegExp | true } | { code: ErrorCode; charged: boolean; words: RegExp };

export interface Case {
  what: string;
  /** Cases of one group share a row of the report. */
  group: string;
  fault: Fault;
  expected: Expected | ((kind: Kind) => Expected);
  kinds?: readonly Kind[];
  /** As the clock of an attempt ends it. */
  endAfterMs?: number;
  /** Whether it is looked at what the asker holds in memory meanwhile, which asks nothing else. */
  isBig?: true;
  /** Only in the exhaustive run. */
  isLong?: true;
}

export const MB = 1024 * 1024;
export const MODELS: readonly Kind[] = ['ollama', 'openai'];
export const ALL: readonly Kind[] = ['ollama', 'openai', 'relay'];

export const down = (words: RegExp): Expected => ({ code: 'runner_unavailable', charged: false, words });
export const broke = (words: RegExp): Expected => ({ code: 'runner_unavailable', charged: true, words });
export const fine: Expected = { ok: /well/ };

export const good = (kind: Kind): string => `${piece(kind, 'well')}${ending(kind)}`;

/** A good answer after this. */
export const whole: Answer = async (socket, kind) => {
  await begin(socket, kind);
  await chunk(socket, good(kind));
  await endChunks(socket);
};

/** The body in one piece, whatever it is. */
export const body =
  (text: (kind: Kind) => string | Uint8Array, headers: Record<string, string> = {}): Answer =>
  async (socket, kind) =>
    answerWith(socket, text(kind), { 'content-type': typeOf(kind), ...headers });

export const silence: Answer = () => new Promise(() => undefined);
export const half: Answer = async (socket, kind) => {
  await begin(socket, kind);
  await chunk(socket, piece(kind, 'half'));
};

export const inTurn =
  (...answers: readonly Answer[]): Answer =>
  async (...asked) => {
    for (const answer of answers) await answer(...asked);
  };
export const reset: Answer = (socket) => socket.resetAndDestroy();
export const hangUp: Answer = (socket) => socket.end();

export const endless =
  (make: (kind: Kind) => string): Answer =>
  async (socket, kind) => {
    await begin(socket, kind);
    const text = make(kind);
    while (!socket.destroyed) await chunk(socket, text);
  };
