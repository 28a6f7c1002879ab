/** What holds one attempt to this machine, as soon as anything says that it must be held. */
import { KoubouError } from '../errors.ts';
import { type Destination, mustStayLocal, notLocal } from '../route/local.ts';
import { LocalNetworks } from '../task/local-networks.ts';
import type { TaskFile } from '../task/record.ts';
import { findSecret } from '../text/secrets.ts';
import type { WorkerSettings } from './settings.ts';

export class LocalOnly {
  /** Whether the attempt is held. It never becomes free again. */
  held: boolean;
  readonly #words: readonly string[];
  readonly #system: string;
  readonly #networks: LocalNetworks;
  readonly #destination: Destination;

  /** Throws `not_local` where the task says that it must stay, and the destination is elsewhere. */
  constructor(
    task: TaskFile,
    settings: Pick<WorkerSettings, 'localNetworks' | 'sensitivePatterns'>,
    destination: Destination,
    goesOn: boolean,
  ) {
    // What was said in an earlier conversation goes along unseen.
    this.held = goesOn || mustStayLocal(task);
    this.#words = settings.sensitivePatterns;
    this.#system = task.options.system ?? '';
    this.#networks = new LocalNetworks(settings.localNetworks);
    this.#destination = destination;
    if (this.held) this.#require();
  }

  /**
   * As RunContext.local. It judges what will really be sent: a file can have changed since the task was added,
   * and between a look at it and the one that is sent.
   */
  judge(sent: string): LocalNetworks | null {
    this.held ||= findSecret(`${this.#system}\n${sent}`, this.#words) !== undefined;
    if (!this.held) return null;
    this.#require();
    return this.#networks;
  }

  #require(): void {
    const away = notLocal(this.#destination, this.#networks);
    if (away !== null) throw new KoubouError(away.code, away.message, { hint: away.hint });
  }
}
