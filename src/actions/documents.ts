/**
 * What each request is answered with: made by its action, the same at every door. Strict, as this version gives it; a later
 * one may give more, so a reader ignores members that it does not know.
 *
 * The command line takes types alone from here and from documents/: to make the schemas would cost each start.
 */
import * as z from 'zod/mini';
import { ErrorDocument } from './documents/error.ts';
import { EventDocument } from './documents/event.ts';
import {
  ConfigDocument,
  DoctorDocument,
  InitDocument,
  RouteDocument,
  TrustDocument,
} from './documents/home.ts';
import {
  BoardDocument,
  CancelDocument,
  ListDocument,
  RetryDocument,
  ScaleDocument,
  StopDocument,
  WorkerDocument,
  WorkersDocument,
} from './documents/queue.ts';
import { OneOrMany, TaskDocument } from './documents/task.ts';
import { ApplyDocument, DiffDocument, DiscardDocument, LogDocument } from './documents/work.ts';

export const DOCUMENTS = {
  /** In the place of each of the others. */
  error: ErrorDocument,
  delegate: OneOrMany,
  wait: OneOrMany,
  result: OneOrMany,
  retry: RetryDocument,
  cancel: CancelDocument,
  list: ListDocument,
  /** Of the queue, or of one task. */
  status: z.union([BoardDocument, TaskDocument]),
  /** One for each piece. */
  logs: LogDocument,
  diff: DiffDocument,
  apply: ApplyDocument,
  discard: DiscardDocument,
  route: RouteDocument,
  workers: WorkersDocument,
  scale: ScaleDocument,
  /** A daemon that was started in the background. */
  start: WorkerDocument,
  /** One for each event, of a daemon that is watched. */
  work: EventDocument,
  stop: StopDocument,
  config: ConfigDocument,
  doctor: DoctorDocument,
  init: InitDocument,
  trust: TrustDocument,
};

export type AnyDocument = z.infer<(typeof DOCUMENTS)[keyof typeof DOCUMENTS]>;
