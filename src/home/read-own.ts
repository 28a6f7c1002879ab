/** Reads the small files that trust rests on: only a regular file of this user's, never through a link. */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { systemCode } from '../errors.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

export const me = (): number => process.getuid?.() ?? 0;

/** undefined where there is none, or where it is no such file; the system's error where that cannot be told. */
export const readOwn = (path: string, most: number): { bytes: Buffer; mode: number } | undefined => {
  let file: number;
  try {
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (ABSENT.has(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const facts = fstatSync(file);
    return isFit(facts, most) ? { bytes: readFileSync(file), mode: facts.mode } : undefined;
  } finally {
    closeSync(file);
  }
};

const isFit = (facts: Stats, most: number): boolean =>
  facts.isFile() && facts.size <= most && (process.getuid === undefined || facts.uid === me());

/** Nothing is there, or what cannot be a file of ours: a link, a socket, a device, one that this user may not read. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'ENODEV', 'EACCES', 'EPERM', 'ENAMETOOLONG']);

/** The members of a small JSON object; undefined for anything else. */
export const readOwnJson = (path: string, most: number): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(readOwn(path, most)?.bytes.toString('utf8') ?? 'null');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
