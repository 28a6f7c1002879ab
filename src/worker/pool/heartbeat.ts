/** Says that the daemon lives, and hears what was told to it. */
import { after, type Clock } from '../../process/clock.ts';
import type { Beat, Member } from '../../queue/queue.ts';
import { action, say, toText } from '../../say/say.ts';
import type { Notes } from './notes.ts';
import type { Bounds } from './slots.ts';

const SOON_MS = 250;

const OUTDATED = toText(
  say`config/ was changed after this worker began, and it goes on as it began; ${action('stop')}, and the next one reads it`,
);

export interface HeartbeatDeps {
  member: Member;
  clock: Clock;
  notes: Notes;
  state: () => Omit<Beat, 'notes'>;
  /** As WorkerSettings.outdated. */
  outdated: (() => boolean) | undefined;
  onFenced: () => void;
  onBounds: (bounds: Bounds) => void;
}

export class Heartbeat {
  readonly #parts: HeartbeatDeps;
  #last: Promise<void> = Promise.resolve();
  #soon: (() => void) | undefined;

  constructor(parts: HeartbeatDeps) {
    this.#parts = parts;
  }

  /** One after the other: each says what holds when its turn comes. Never rejects; what fails is noted. */
  beat(): Promise<void> {
    this.#last = this.#last.then(() => this.#beat());
    return this.#last;
  }

  /** A moment later, once for all who ask until then: what status shows is then hardly ever behind. */
  soon(): void {
    this.#soon ??= after(this.#parts.clock, SOON_MS, () => {
      this.#soon = undefined;
      void this.beat();
    });
  }

  /** Says nothing more, and returns when what is being said has been said. */
  async close(): Promise<void> {
    this.#soon?.();
    await this.#last;
  }

  async #beat(): Promise<void> {
    const { member, notes, state, outdated, onFenced, onBounds } = this.#parts;
    notes.set('config', outdated?.() === true ? OUTDATED : null);
    try {
      const answer = await member.renew({ ...state(), notes: notes.all });
      if (answer === 'fenced') onFenced();
      const bounds = await member.message();
      if (bounds !== undefined) onBounds(bounds);
      notes.set('beat', null);
    } catch (error) {
      notes.set('beat', `the heartbeat fails (${error instanceof Error ? error.message : String(error)})`);
    }
  }
}
