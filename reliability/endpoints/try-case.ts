/** One fault of a server: what the runner says of it, and whether the next task goes well. */
import { until } from '../../test/support/until.ts';
import { exhaustive } from '../figures.ts';
import type { Asking } from './ask.ts';
import type { Answered, Question } from './asker.ts';
import type { Case, Expected } from './case.ts';
import { FaultyServer, type Kind } from './faulty-server.ts';

const MB = 1024 * 1024;
/** MB that an asker may hold more than before: a line as long as one may be, and what is loaded only now. */
export const MOST_HELD = 24;
/** Of answers that are looked at for what is held of them: one that is held whole has to show. */
const BIG_LIMIT = (exhaustive ? 64 : 32) * MB;

export const questionTo = (
  { kind, url }: { kind: Kind; url: string },
  over: Partial<Question> = {},
): Question => ({
  kind,
  url,
  endAfterMs: null,
  sensitive: false,
  // The limit that holds where nothing else is said takes its time.
  outputLimitBytes: (exhaustive ? 64 : 4) * MB,
  watchesMemory: false,
  ...over,
});

export interface Tried {
  answered: Answered;
  /** Nothing: all is as promised. */
  problems: string[];
}

export const tryCase = async (tried: Case, kind: Kind, asking: Asking): Promise<Tried> => {
  const server = await FaultyServer.start(kind, tried.fault);
  try {
    const { endAfterMs = null, isBig = false } = tried;
    const over = isBig ? { outputLimitBytes: BIG_LIMIT, watchesMemory: true } : {};
    const answered = await asking.ask(questionTo(server, { endAfterMs, ...over }));
    const { expected } = tried;
    const problems = [
      ...answered.problems,
      ...unlike(answered, typeof expected === 'function' ? expected(kind) : expected),
      ...(answered.held !== null && answered.held > MOST_HELD ? [`it held ${answered.held} MB`] : []),
      ...(tried.endAfterMs !== undefined && answered.ms > tried.endAfterMs + 3000
        ? [`it ended after ${answered.ms} ms`]
        : []),
    ];
    server.heal();
    const next = await asking.ask(questionTo(server));
    if (!next.ok) problems.push(`the next task: ${next.code}: ${next.message}`);
    problems.push(...next.problems);
    const closed = await until(() => server.open === 0, 'the end of all connections', 5000).catch(
      () => false,
    );
    if (closed !== true) problems.push(`${server.open} connections stay open`);
    return { answered, problems: problems.map((each) => `${kind}: ${tried.what}: ${each}`) };
  } finally {
    await server.close();
  }
};

const unlike = (answered: Answered, expected: Expected): string[] => {
  const { ok, code, charged, message, hint, output } = answered;
  const got = ok
    ? `an answer: ${output.slice(0, 200)}`
    : `${code}, ${charged ? 'charged' : 'free'}: ${message}`;
  if ('ok' in expected) {
    const isFit = ok && (expected.ok === true || expected.ok.test(output));
    return isFit ? [] : [`not an answer like ${String(expected.ok)}, but ${got}`];
  }
  const isFit = !ok && code === expected.code && charged === expected.charged && expected.words.test(message);
  if (!isFit)
    return [
      `not ${expected.code}, ${expected.charged ? 'charged' : 'free'}, ${String(expected.words)}, but ${got}`,
    ];
  return hint === '' ? [`${code} without a hint`] : [];
};
