/** What holds one attempt to this machine, as soon as anything says that it must be held. */
import { parse } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { judge } from '../../judge/judge.ts';
import { LocalNetworks } from '../../privacy/local-networks.ts';
import { type Destination, mustStayLocal, notLocal } from '../../route/local.ts';
import type { TaskFile } from '../../task/record.ts';
import type { WorkerSettings } from '../settings.ts';

interface Besides {
  /** With an earlier conversation. */
  goesOn: boolean;
  parentHeld: boolean;
}

export class LocalOnly {
  /** Why the attempt is held; null: it is not. It never becomes free again. */
  #why: string | null;
  readonly #words: readonly string[];
  /** What a server gets besides, or in another form. */
  readonly #more: string;
  readonly #networks: LocalNetworks;
  readonly #destination: Destination;
  readonly #signal: AbortSignal | undefined;

  /** Throws `not_local` where the task says that it must stay, and the destination is elsewhere. */
  constructor(
    task: TaskFile,
    settings: Pick<WorkerSettings, 'localNetworks' | 'sensitivePatterns'>,
    destination: Destination,
    besides: Besides,
    signal?: AbortSignal,
  ) {
    this.#why = whyHeld(task, besides);
    this.#words = settings.sensitivePatterns;
    // With their ending names of files look like values that are files, which are no secrets.
    const names = task.files.map(({ path }) => parse(path).name);
    this.#more = [JSON.stringify(task.options.set ?? {}), ...names].join('\n');
    this.#networks = new LocalNetworks(settings.localNetworks);
    this.#destination = destination;
    this.#signal = signal;
    this.#require();
  }

  get mustStayLocal(): boolean {
    return this.#why !== null;
  }

  /**
   * As RunContext.local. It judges what will really be sent: a file can have changed since the task was added,
   * and between a look at it and the one that is sent.
   */
  async judge(sent: string): Promise<LocalNetworks | null> {
    if (this.#why === null) {
      // A server gets the model's options too.
      const found = await this.#secretIn(`${sent}\n${this.#more}`);
      this.#why = found === null ? null : `it holds ${found}`;
    }
    this.#require();
    return this.#why === null ? null : this.#networks;
  }

  /** What nobody could look through to its end may hold anything. */
  async #secretIn(text: string): Promise<string | null> {
    try {
      return await judge.ask('secret', { text, words: this.#words }, this.#signal);
    } catch (error) {
      if (!(error instanceof KoubouError) || error.code !== 'output_unjudged') throw error;
      return 'more than can be looked through for secrets';
    }
  }

  #require(): void {
    if (this.#why === null) return;
    const away = notLocal(this.#destination, this.#networks, this.#why);
    if (away !== null) throw new KoubouError(away.code, away.message, { hint: away.hint });
  }
}

const whyHeld = (task: TaskFile, { goesOn, parentHeld }: Besides): string | null => {
  if (task.options.local_only === true) return 'it is local only';
  if (mustStayLocal(task)) return 'it is marked sensitive';
  if (parentHeld) return 'what it waits for was found to hold a secret';
  return goesOn ? 'what was said in its earlier conversation goes along unseen' : null;
};
