/**
 * What of the expected files was there before a task's work began: a file that is still the same says nothing of the
 * work. The same is: the same inode, time and size, and of a small file the same content.
 */
import type { Stats } from 'node:fs';
import { constants, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { NameRefused, walk } from '../names/walk.ts';

const Seen = z.object({
  ino: z.number(),
  mtime_ms: z.number(),
  size: z.number(),
  /** null: it was not read. */
  sha256: z.nullable(z.string()),
});

export const ExpectedBefore = z.object({
  version: z.literal(1),
  /** When the look began. */
  at_ms: z.number(),
  /** There was more than is kept: what is not in `files` is told by its times. */
  more: z.boolean(),
  /** By absolute paths, as the patterns find them. */
  files: z.record(z.string(), Seen),
});
export type ExpectedBefore = z.infer<typeof ExpectedBefore>;

export interface LookBounds {
  files: number;
  /** Of one file whose content is looked at, and of all of them. */
  fileBytes: number;
  allBytes: number;
}

const BOUNDS: LookBounds = { files: 10_000, fileBytes: 1024 * 1024, allBytes: 16 * 1024 * 1024 };

/** Patterns are relative to `cwd`. An empty file is no expected one, and stays out. */
export const lookBefore = async (
  patterns: readonly string[],
  cwd: string,
  { signal, bounds = BOUNDS }: { signal?: AbortSignal | undefined; bounds?: LookBounds },
): Promise<ExpectedBefore> => {
  const atMs = Date.now();
  const files = new Map<string, z.infer<typeof Seen>>();
  let bytesLeft = bounds.allBytes;
  let more = false;
  for await (const path of candidates(patterns, cwd)) {
    signal?.throwIfAborted();
    if (files.has(path)) continue;
    const found = fileAt(path);
    if (found === undefined) continue;
    if (files.size === bounds.files) {
      more = true;
      break;
    }
    const { ino, mtimeMs, size } = found.facts;
    const isRead = size <= bounds.fileBytes && size <= bytesLeft;
    if (isRead) bytesLeft -= size;
    files.set(path, {
      ino,
      mtime_ms: mtimeMs,
      size,
      sha256: isRead ? await hashOf(found.end, size) : null,
    });
  }
  return { version: 1, at_ms: atMs, more, files: Object.fromEntries(files) };
};

/** Whether the file that is now at `end`, by the name `path`, is the one that was there before. */
export const isAsBefore = async (
  { files, more, at_ms }: ExpectedBefore,
  path: string,
  { end, facts }: { end: string; facts: Stats },
): Promise<boolean> => {
  const seen = Object.hasOwn(files, path) ? files[path] : undefined;
  if (seen === undefined) return more && Math.max(facts.ctimeMs, facts.mtimeMs) < at_ms;
  if (seen.ino !== facts.ino || seen.mtime_ms !== facts.mtimeMs || seen.size !== facts.size) return false;
  if (seen.sha256 === null) return true;
  const now = await hashOf(end, seen.size);
  return now === null || now === seen.sha256;
};

async function* candidates(patterns: readonly string[], cwd: string): AsyncGenerator<string> {
  const { findFiles } = await import('../names/find-files.ts');
  for (const pattern of patterns) {
    yield resolve(cwd, pattern);
    for await (const { path } of findFiles(pattern, cwd)) yield path;
  }
}

const fileAt = (path: string): { end: string; facts: Stats } | undefined => {
  try {
    const { end, facts } = walk(path);
    return facts?.isFile() === true && facts.size > 0 ? { end, facts } : undefined;
  } catch (error) {
    if (error instanceof NameRefused) return undefined;
    throw error;
  }
};

/** null: it cannot be read, or has another size by now. */
const hashOf = async (path: string, size: number): Promise<string | null> => {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return null;
  try {
    const facts = await file.stat();
    if (!facts.isFile() || facts.size !== size) return null;
    const { hash } = await import('node:crypto');
    return hash('sha256', await file.readFile());
  } catch {
    return null;
  } finally {
    await file.close();
  }
};
