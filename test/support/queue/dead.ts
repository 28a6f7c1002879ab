/** A worker that looks dead to others: its recorded process is another one that had the same pid. */
import fs from 'node:fs';
import { join } from 'node:path';

const change = (home: string, workerId: string, over: Record<string, unknown>): void => {
  const path = join(home, 'run', `${workerId}.json`);
  // It may have been cleared up already.
  if (!fs.existsSync(path)) return;
  const about = JSON.parse(fs.readFileSync(path, 'utf8')) as Record<string, unknown>;
  fs.writeFileSync(path, JSON.stringify({ ...about, ...over }));
};

/** The pid was given to another process since. */
export const lookDead = (home: string, workerId: string): void => change(home, workerId, { startTime: '1' });

/** The machine was started anew since. */
export const lookRebooted = (home: string, workerId: string): void =>
  change(home, workerId, { bootId: '00000000-dead-beef-0000-000000000000' });

/** It runs where pids cannot be looked at. */
export const lookElsewhere = (home: string, workerId: string): void =>
  change(home, workerId, { pidNamespace: 'pid:[1]' });
