/** Everything that commands read of a home, in this process: what status, list, result, logs, wait and config say. */
import { StringDecoder } from 'node:string_decoder';
import { readBoard } from '../../src/actions/tasks/board.ts';
import { CUT_ALONE, CUT_AMONG_MANY, cutRecord } from '../../src/actions/tasks/cut-record.ts';
import { readLog } from '../../src/actions/tasks/follow-log.ts';
import { readResult } from '../../src/actions/tasks/result.ts';
import { readPatch } from '../../src/actions/tasks/worktrees.ts';
import { forecastOf } from '../../src/actions/wait/forecast.ts';
import { renderBoard } from '../../src/cli/render/board.ts';
import { renderRecord } from '../../src/cli/render/record.ts';
import { plainScreen } from '../../src/cli/render/screen.ts';
import { renderQuarantine, renderTaskList } from '../../src/cli/render/task-list.ts';
import { type Loaded, loadConfig } from '../../src/config/load.ts';
import { KoubouError, systemCode } from '../../src/errors.ts';
import { requireHome } from '../../src/queue/files/layout/create-home.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { readSettings } from '../../src/runner/codex/private-home.ts';
import { asOwner } from '../../test/support/as-caller.ts';

/** What the command line says in words of its own (cli/report-error.ts); any other error of the system looks like a fault of koubou. */
const SYSTEM = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE']);

/** Of a text that may have gigabytes: the rest comes in the same way. */
const MOST_PIECES = 32;

export const isClear = (error: unknown): boolean =>
  error instanceof KoubouError ? error.code !== 'internal' : SYSTEM.has(systemCode(error) ?? '');

export class Looks {
  /** What was said to a person. */
  readonly said: string[] = [];
  /** Errors that told a person what is wrong. */
  readonly clear: string[] = [];
  readonly problems: string[] = [];
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  async attempt<T>(what: string, action: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (isClear(error)) this.clear.push(`${what}: ${words}`);
      else this.problems.push(`${what}: ${error instanceof Error ? error.stack : words}`);
      this.said.push(words);
      return undefined;
    }
  }

  /** undefined: the home or its config cannot be read, and every command says so. */
  async open(): Promise<Loaded | undefined> {
    const loaded = await this.attempt('config', () => loadConfig({ home: this.#home, environment: {} }));
    await this.attempt('codex.toml', () => readSettings(this.#home));
    return (await this.attempt('home', () => requireHome(this.#home) ?? true)) === undefined
      ? undefined
      : loaded;
  }

  async all(queue: Queue): Promise<void> {
    const screen = plainScreen();
    const show = async (what: string, text: () => Promise<string>): Promise<void> => {
      const said = await this.attempt(what, text);
      if (said === undefined) return;
      this.said.push(said);
      if (/[^\P{Cc}\n\t]/u.test(said))
        this.problems.push(`${what} prints what a terminal obeys: ${JSON.stringify(said)}`);
    };
    await show('status', async () => {
      const board = await readBoard(queue, this.#home);
      this.said.push(JSON.stringify(board));
      return renderBoard(board, screen, Date.now());
    });
    await show('list', async () => {
      const records = (await queue.list({})).map((record) => cutRecord(record, CUT_AMONG_MANY));
      this.said.push(JSON.stringify(records));
      return renderTaskList(records, screen, Date.now());
    });
    await show('list --unread', async () =>
      renderTaskList(await queue.list({ unread: true }), screen, Date.now()),
    );
    await show('list --status quarantined', async () =>
      renderQuarantine((await queue.inbox?.quarantined()) ?? [], screen, Date.now()),
    );
    await this.attempt('when the next is due', () => queue.nextDueMs());
    for (const id of (await this.attempt('find', () => queue.find('task_', 1000))) ?? []) {
      await show(`status ${id}`, async () => {
        const record = await queue.get(id);
        if (record === undefined) throw new KoubouError('no_such_task', `There is no task ${id}.`);
        return renderRecord(cutRecord(record, CUT_ALONE), screen, Date.now());
      });
      await this.attempt(`result ${id}`, async () => {
        const { record, chunks } = await readResult({ queue, ...asOwner }, id, {});
        this.said.push(JSON.stringify(cutRecord(record, CUT_ALONE)), await textOf(chunks()));
      });
      await this.attempt(`logs ${id}`, async () => {
        const { signal } = new AbortController();
        let pieces = 0;
        for await (const { bytes } of readLog({ queue, ...asOwner }, id, { follow: false, signal })) {
          pieces += 1;
          this.said.push(Buffer.from(bytes).toString());
          if (pieces >= MOST_PIECES) break;
        }
      });
      await this.attempt(`diff ${id}`, async () =>
        this.said.push(await textOf((await readPatch({ queue, ...asOwner }, id)).chunks())),
      );
      await this.attempt(`wait ${id}`, async () => {
        const nowMs = Date.now();
        await forecastOf(id, { queue, unserved: async () => null, nowMs, untilMs: nowMs + 60_000 });
      });
    }
  }
}

const textOf = async (chunks: AsyncIterable<Uint8Array | string>): Promise<string> => {
  const decoder = new StringDecoder();
  let text = '';
  let pieces = 0;
  for await (const chunk of chunks) {
    text += decoder.write(Buffer.from(chunk));
    pieces += 1;
    if (pieces >= MOST_PIECES) break;
  }
  return text;
};
