/**
 * What every backend of the queue promises, written against the Queue interface alone. Put another backend
 * under it by giving `describeQueue` what makes one.
 */
import { adding } from './adding.ts';
import { artifacts } from './artifacts.ts';
import { cancelling } from './cancelling.ts';
import { claiming } from './claiming.ts';
import { deadWorker } from './dead-worker.ts';
import { dependencies } from './dependencies.ts';
import { ending } from './ending.ts';
import { givenQueue, type QueueBackend } from './given.ts';
import { hints } from './hints.ts';
import { looking, tellingEnded } from './looking.ts';
import { permits } from './permits.ts';
import { remembering } from './remembering.ts';
import { retrying } from './retrying.ts';
import { sweeping } from './sweeping.ts';
import { time } from './time.ts';
import { workers } from './workers.ts';

export const describeQueue = (name: string, makeBackend: () => Promise<QueueBackend>): void => {
  describe(`a queue of ${name}`, () => {
    const given = givenQueue(makeBackend);
    for (const promises of [
      adding,
      looking,
      tellingEnded,
      claiming,
      permits,
      ending,
      artifacts,
      deadWorker,
      time,
      dependencies,
      cancelling,
      retrying,
      workers,
      remembering,
      sweeping,
      hints,
    ]) {
      promises(given);
    }
  });
};
