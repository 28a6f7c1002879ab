/** What cannot be read as a task is set aside with the reason; nothing is thrown away. */
import { join } from 'node:path';
import type { Quarantined } from '../../queue.ts';
import { BadFile, listOrNone, unlessCode } from '../disk/disk.ts';
import { moveFolder } from '../disk/moves.ts';
import { creatorName, isoNow, type QueueContext } from './context.ts';

const WHY = '.why.json';
const LONGEST_NAME_BYTES = 150;

/** Moves `from` to quarantine/NAME with NAME.why.json beside it; false when it was gone. */
export const quarantine = async (
  context: QueueContext,
  from: string,
  name: string,
  reason: string,
): Promise<boolean> => {
  const { disk, layout } = context;
  const target = await freeName(context, name);
  const why = join(layout.quarantine, `${target}${WHY}`);
  await unlessCode(['EEXIST'], () =>
    disk.create(why, `${JSON.stringify({ name, reason, at: isoNow(context) })}\n`, true),
  );
  context.step('quarantine.said');
  let moved = false;
  try {
    const isFolder = (await disk.facts(from))?.kind === 'folder';
    const path = join(layout.quarantine, target);
    moved = await unlessCode(['ENOENT'], () =>
      isFolder ? moveFolder(disk, from, path) : disk.rename(from, path),
    );
  } finally {
    if (!moved) await unlessCode(['ENOENT'], () => disk.unlink(why));
  }
  await disk.syncFolder(layout.quarantine);
  return moved;
};

// A name may be as long as the file system allows, and then nothing could be added to it.
const freeName = async (context: QueueContext, name: string): Promise<string> => {
  const { disk, layout } = context;
  const fits = Buffer.byteLength(name) <= LONGEST_NAME_BYTES;
  if (fits && (await disk.facts(join(layout.quarantine, name))) === undefined) return name;
  const cut = Buffer.from(name)
    .subarray(0, LONGEST_NAME_BYTES)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return `${cut}.${creatorName(context)}`;
};

/** What lies in quarantine, each with its reason. */
export const listQuarantine = async (context: QueueContext): Promise<Quarantined[]> => {
  const { disk, layout } = context;
  const names = await listOrNone(disk, layout.quarantine);
  const present = new Set(names);
  const entries: Quarantined[] = [];
  for (const name of names) {
    if (name.endsWith(WHY) && present.has(name.slice(0, -WHY.length))) continue;
    entries.push({ name, ...(await readWhy(context, join(layout.quarantine, `${name}${WHY}`))) });
  }
  return entries;
};

const readWhy = async (context: QueueContext, path: string): Promise<{ reason: string; at: string }> => {
  try {
    const value: unknown = JSON.parse((await context.disk.read(path, 1024 * 1024)).toString('utf8'));
    const { reason, at } = value as { reason?: unknown; at?: unknown };
    return {
      reason: typeof reason === 'string' ? reason : 'unknown',
      at: typeof at === 'string' ? at : '',
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof BadFile || error instanceof TypeError) {
      return { reason: 'the reason cannot be read', at: '' };
    }
    if (error instanceof Error && 'code' in error) return { reason: 'no reason was kept', at: '' };
    throw error;
  }
};

export const countQuarantine = async (context: QueueContext): Promise<number> =>
  (await listOrNone(context.disk, context.layout.quarantine)).filter((name) => !name.endsWith(WHY)).length;
