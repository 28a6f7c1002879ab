/** A daemon's events as lines, in their order. A line that cannot be written never ends the work. */
import { isatty } from 'node:tty';
import { eventDocument } from '../../actions/event-document.ts';
import type { WorkerEvent } from '../../events.ts';
import { jsonLine } from '../../text/harmless.ts';
import { OutputClosed } from '../output.ts';
import { levelOf, renderWorkerEvent } from '../render/worker-event.ts';

const hasTerminal = (): boolean => [0, 1, 2].some((descriptor) => isatty(descriptor));

/**
 * Under nohup, or as a service, nobody hangs up. Node forgets that the signal was to be ignored, and the terminal may close
 * while the daemon still starts (`ssh -t host 'nohup koubou work >log &'`): so this comes first.
 */
export const ignoreHangUp = (): void => {
  if (!hasTerminal()) process.on('SIGHUP', () => undefined);
};

const LEVELS = ['error', 'warn', 'info', 'debug'];

export interface WorkerLogOptions {
  json: boolean;
  /** Events of less weight are left out: error, warn, info or debug. */
  level: string;
  print: (line: string) => Promise<void>;
}

export class WorkerLog {
  readonly #options: WorkerLogOptions;
  /**
   * Called once when nobody reads any more (`koubou work | head -1`): the work is then not wanted, but what
   * runs is not to be lost for that.
   */
  onReaderGone: () => void = () => undefined;
  /** Resolves when all that was told has been written. */
  written: Promise<void> = Promise.resolve();

  constructor(options: WorkerLogOptions) {
    this.#options = options;
  }

  emit(event: WorkerEvent): void {
    const { json, level, print } = this.#options;
    if (LEVELS.indexOf(levelOf(event)) > LEVELS.indexOf(level)) return;
    const at = new Date();
    // Further lines stand apart: words of a model or a server must not look like an event.
    const line = json
      ? jsonLine(eventDocument(event, at))
      : `${at.toTimeString().slice(0, 8)} ${renderWorkerEvent(event).replaceAll('\n', '\n  ')}`;
    this.written = this.written
      .then(() => print(line))
      .catch((error: unknown) => {
        if (!(error instanceof OutputClosed)) return;
        this.onReaderGone();
        this.onReaderGone = () => undefined;
      });
  }

  /** Calls back at each request to end: a signal, or a reader that has gone. Returns how to stop listening. */
  stopRequests(listener: () => void): () => void {
    const signals = ['SIGTERM', 'SIGINT', ...(hasTerminal() ? (['SIGHUP'] as const) : [])];
    for (const signal of signals) process.on(signal, listener);
    this.onReaderGone = listener;
    return () => {
      for (const signal of signals) process.removeListener(signal, listener);
      this.onReaderGone = () => undefined;
    };
  }
}
