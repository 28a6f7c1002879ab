/**
 * Files of git-lfs. Where its filter has run, the file itself lies in the work tree, and git has a pointer with its hash.
 * koubou runs no filter, and sees by the hash that such a file is still what git has.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { gitOutput } from '../git.ts';
import { asBytes, pathIn, zeroEnded } from '../names.ts';
import { type GitPlace } from '../place.ts';

const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-\S+ \S+\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n$/;
const MOST_POINTER_BYTES = 1024;
/** What may have come in the file's place is neither followed nor waited for. */
const READ_PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface Pointer {
  sha256: string;
  size: number;
}

/** Pure. */
const pointerIn = (text: string): Pointer | undefined => {
  const [, sha256, size] = POINTER.exec(text) ?? [];
  return sha256 === undefined ? undefined : { sha256, size: Number(size) };
};

/** Of files that are not as git has them, by name with the id of what git has: those that are what it points to. */
export const pointedTo = async (
  place: GitPlace,
  files: ReadonlyMap<string, string>,
): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  const filtered = await withFilter(place, [...files.keys()]);
  if (filtered.length === 0) return found;
  const pointers = await pointersOf(place, new Set(filtered.map((name) => files.get(name) ?? '')));
  for (const name of filtered) {
    const pointer = pointers.get(files.get(name) ?? '');
    if (pointer !== undefined && (await isFile(place, name, pointer))) found.add(name);
  }
  return found;
};

/** Of names, those that the attributes give a filter. */
export const withFilter = async (place: GitPlace, names: readonly string[]): Promise<string[]> => {
  if (names.length === 0) return [];
  const input = asBytes(names.map((name) => `${name}\0`).join(''));
  const fields = zeroEnded(await gitOutput(place, ['check-attr', '-z', '--stdin', 'filter'], { input }));
  const found: string[] = [];
  for (let at = 0; at + 2 < fields.length; at += 3) {
    if (!['unspecified', 'unset', 'set'].includes(fields[at + 2] ?? '')) found.push(fields[at] ?? '');
  }
  return found;
};

const pointersOf = async (place: GitPlace, ids: ReadonlySet<string>): Promise<Map<string, Pointer>> => {
  const lines = (text: readonly string[]): string => text.map((id) => `${id}\n`).join('');
  const sizes = await gitOutput(place, ['cat-file', '--batch-check'], { input: lines([...ids]) });
  const small = sizes
    .toString('latin1')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, type, size]) => type === 'blob' && Number(size) <= MOST_POINTER_BYTES)
    .map(([id = '']) => id);
  const pointers = new Map<string, Pointer>();
  if (small.length === 0) return pointers;
  const printed = await gitOutput(place, ['cat-file', '--batch'], { input: lines(small) });
  for (let at = 0; at < printed.length; ) {
    const end = printed.indexOf('\n', at);
    const [id = '', , size] = printed.toString('latin1', at, end).split(' ');
    const last = end + 1 + Number(size);
    const pointer = pointerIn(printed.toString('latin1', end + 1, last));
    if (pointer !== undefined) pointers.set(id, pointer);
    at = last + 1;
  }
  return pointers;
};

const isFile = async (place: GitPlace, name: string, { size, sha256 }: Pointer): Promise<boolean> => {
  const path = pathIn(place.folder, name);
  const facts = await lstat(path).catch(() => undefined);
  if (!facts?.isFile() || facts.size !== size) return false;
  const hash = createHash('sha256');
  try {
    const file = await open(path, READ_PLAIN);
    await pipeline(file.createReadStream(), hash, place.signal === undefined ? {} : { signal: place.signal });
    return hash.digest('hex') === sha256;
  } catch {
    return false;
  }
};
