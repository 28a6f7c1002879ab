/**
 * Has runners ask a server, and tells what they said and what they left behind. A program of its own, started by
 * ask.ts: what a server sends can fill its memory.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ERROR_CODES, type ErrorCode, KoubouError } from '../../src/errors.ts';
import { LocalNetworks } from '../../src/privacy/local-networks.ts';
import { openConnection } from '../../src/runner/connection/connection.ts';
import { openRelay } from '../../src/runner/connection/model-relay.ts';
import { failedOutcome } from '../../src/runner/failure.ts';
import { OllamaRunner } from '../../src/runner/model/ollama.ts';
import { OpenAiRunner } from '../../src/runner/model/openai-compatible.ts';
import type { Runner, RunnerOutcome } from '../../src/runner/runner.ts';
import { promptFolders, taskOf } from '../../test/contract/runner.ts';
import { leaseFor } from '../../test/support/lease.ts';
import type { Kind } from './faulty-server.ts';

export interface Question {
  kind: Kind;
  url: string;
  /** As the clock of an attempt would end it. */
  endAfterMs: number | null;
  /** The task must stay on this machine. */
  sensitive: boolean;
  outputLimitBytes: number;
  /** Whether to look at what it holds in memory meanwhile. */
  watchesMemory: boolean;
}

export interface Answered {
  ok: boolean;
  code: ErrorCode | null;
  charged: boolean;
  message: string;
  hint: string;
  retryAfter: number | null;
  /** The beginning. */
  output: string;
  outputBytes: number;
  ms: number;
  /** MB that it held in memory meanwhile, at most, more than before; null where nobody looked. */
  held: number | null;
  /** What was not as it should be, whatever the server did. */
  problems: string[];
}

const troubles: string[] = [];
process.on('unhandledRejection', (error) => troubles.push(`nobody waited for: ${String(error)}`));
for (const method of ['log', 'warn', 'error', 'info'] as const) {
  console[method] = (...words: unknown[]) => void troubles.push(`printed: ${words.map(String).join(' ')}`);
}

const PROMPT = 'Say hello. CANARY-7f3a9c';
const MB = 1024 * 1024;
const LOOK_EVERY_MS = 100;

/** MB that something still refers to; the size of the process would say more of its garbage. */
const liveMemory = (): number => {
  if (globalThis.gc === undefined) throw new Error('the asker wants --expose-gc');
  // The first one frees buffers that are still counted until the second one.
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MB;
};

/** Looks until it is called; gives the MB that were added at most. */
const watchMemory = (): (() => number) => {
  const before = liveMemory();
  let most = before;
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const began = performance.now();
    most = Math.max(most, liveMemory());
    // On a slow machine it would else do little but look.
    timer = setTimeout(look, Math.max(LOOK_EVERY_MS, 5 * (performance.now() - began)));
  };
  timer = setTimeout(look, LOOK_EVERY_MS);
  return () => {
    clearTimeout(timer);
    return Math.round(most - before);
  };
};

/** What keeps a process alive, or would be called later. */
const held = (): string[] =>
  process
    .getActiveResourcesInfo()
    .filter((name) => !/Pipe|FSReq|Immediate/.test(name))
    .sort();

const ask = async (question: Question): Promise<Answered> => {
  const folder = mkdtempSync(join(tmpdir(), 'koubou-asker-'));
  const before = held();
  const stopWatching = question.watchesMemory ? watchMemory() : undefined;
  const began = performance.now();
  const abort = new AbortController();
  const { endAfterMs } = question;
  const clock =
    endAfterMs === null
      ? undefined
      : setTimeout(() => abort.abort(new KoubouError('stalled', 'Nothing came for too long.')), endAfterMs);
  const paths = { outputPath: join(folder, 'output'), logPath: join(folder, 'log') };
  for (const path of Object.values(paths)) writeFileSync(path, '');
  try {
    const outcome =
      question.kind === 'relay'
        ? await throughRelay(question, abort.signal, paths.outputPath)
        : await throughRunner(question, abort.signal, folder, paths);
    const ms = performance.now() - began;
    clearTimeout(clock);
    const most = stopWatching?.() ?? null;
    const problems = [...(await leftovers(before)), ...unfit(outcome), ...troubles.splice(0)];
    const text = readFileSync(paths.outputPath, 'utf8');
    const facts = {
      output: text.slice(0, 2000),
      outputBytes: Buffer.byteLength(text),
      ms,
      held: most,
      problems,
    };
    if (outcome.ok)
      return { ok: true, code: null, charged: false, message: '', hint: '', retryAfter: null, ...facts };
    const { code, message, hint } = outcome.error;
    const charged = outcome.charged ?? ERROR_CODES[code].charged;
    return { ok: false, code, charged, message, hint, retryAfter: outcome.retryAfter, ...facts };
  } finally {
    clearTimeout(clock);
    stopWatching?.();
    rmSync(folder, { recursive: true, force: true });
  }
};

const leftovers = async (before: readonly string[]): Promise<string[]> => {
  for (let look = 0; look < 100; look += 1) {
    if (held().join() === before.join()) return [];
    await delay(10);
  }
  return [`left behind: ${held().join()}, before: ${before.join()}`];
};

/** Its outcome must be one that can be read again. */
const unfit = (outcome: RunnerOutcome): string[] => {
  const { usage, model, endpoint, address = null } = outcome;
  const numbers = [usage?.input_tokens, usage?.output_tokens].filter((each) => each != null);
  const isOdd = numbers.some((each) => !Number.isSafeInteger(each) || each < 0);
  const texts = [model, endpoint, address].every((each) => each === null || typeof each === 'string');
  const observed = outcome.ok ? outcome.observed : null;
  const isFit =
    observed === null ||
    ((observed.promptTokens === null || Number.isSafeInteger(observed.promptTokens)) &&
      [observed.end?.said ?? null, observed.thinking, observed.remoteHost].every(
        (each) => each === null || typeof each === 'string',
      ));
  return isOdd || !texts || !isFit ? [`an outcome that no file can hold: ${JSON.stringify(outcome)}`] : [];
};

const runnerOf = ({ kind, url, outputLimitBytes }: Question): Runner => {
  const shared = {
    endpoint: { name: 'e', url, maxConcurrent: 1 },
    model: 'm',
    promptFolders,
    template: 'auto',
    outputLimitBytes,
  };
  return kind === 'ollama'
    ? new OllamaRunner({ ...shared, name: 'ollama', numCtxMax: 8192, keepAlive: '5m', pull: false })
    : new OpenAiRunner({ ...shared, name: 'openai', apiKey: 'KEY-51d2' });
};

const local = (sensitive: boolean): LocalNetworks | null =>
  sensitive ? new LocalNetworks(['127.0.0.0/8', '::1/128']) : null;

const throughRunner = (
  question: Question,
  signal: AbortSignal,
  folder: string,
  { outputPath, logPath }: { outputPath: string; logPath: string },
): Promise<RunnerOutcome> =>
  runnerOf(question).run(taskOf(folder, { prompt: PROMPT }), {
    outputPath,
    lease: leaseFor({ logPath, signal }),
    cwd: folder,
    statePath: join(folder, 'state'),
    resume: null,
    model: undefined,
    feedback: null,
    phase: () => undefined,
    requireLocal: async () => local(question.sensitive),
  });

/** As Codex asks, and as its end is judged: by what the relay saw. */
const throughRelay = async (
  { url, sensitive, outputLimitBytes }: Question,
  signal: AbortSignal,
  outputPath: string,
): Promise<RunnerOutcome> => {
  const facts = { model: 'm', endpoint: 'e', usage: null };
  const connection = await openConnection({ kind: 'openai', url, model: 'm' }, signal, {
    local: local(sensitive),
  });
  const relay = await openRelay({
    connection,
    base: url,
    allowed: ['POST /responses'],
    onAsked: () => undefined,
    onBytes: () => undefined,
    limitBytes: outputLimitBytes,
  });
  try {
    let text = '';
    let whole = false;
    try {
      const response = await fetch(`${relay.url}/responses`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${relay.key}`,
          'content-type': 'application/json',
          connection: 'close',
        },
        body: JSON.stringify({ model: 'm', input: PROMPT }),
      });
      for await (const part of response.body ?? [])
        if (text.length < 1e6) text += Buffer.from(part as Uint8Array).toString('latin1');
      whole = response.ok;
    } catch {
      // Codex sees a connection that broke; what is said of it is the relay's.
    }
    writeFileSync(outputPath, text);
    if (relay.failure === undefined && whole) {
      const observed = {
        terminal: true,
        end: null,
        promptTokens: relay.promptTokens,
        promptBytes: 1,
        thinking: null,
        remoteHost: null,
      };
      return { ok: true, observed, ...facts, usage: relay.usage };
    }
    return failedOutcome(relay.failure ?? new Error('the relay saw no failure'), signal, facts);
  } finally {
    await relay.close();
    await connection.close();
  }
};

process.on('message', (question: Question) => {
  void ask(question).then(
    (answered) => process.send?.(answered),
    (error: unknown) =>
      process.send?.({ problems: [`the asker: ${error instanceof Error ? error.stack : String(error)}`] }),
  );
});
