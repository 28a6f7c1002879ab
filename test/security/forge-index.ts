/**
 * Writes indexes that git reads otherwise than one entry after the other: `node forge-index.ts table INDEX PATH COMMIT`,
 * `sparse INDEX TREE`, `grow INDEX`.
 */
import { createHash } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';

const GITLINK = 0o160000;
const FILE = 0o100644;
const FOLDER = 0o040000;
const ASSUMED_UNCHANGED = 0x8000;
const EXTENDED = 0x4000;
const SKIPPED = 0x4000;
const EMPTY_BLOB = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391';

const entry = (name: string, mode: number, id: string, flags = 0): Buffer => {
  const bytes = Buffer.from(name);
  const isLong = (flags & EXTENDED) !== 0;
  const nameAt = isLong ? 64 : 62;
  const whole = Buffer.alloc((nameAt + bytes.length + 8) & ~7);
  whole.writeUInt32BE(mode, 24);
  Buffer.from(id, 'hex').copy(whole, 40);
  whole.writeUInt16BE(flags | bytes.length, 60);
  if (isLong) whole.writeUInt16BE(SKIPPED, 62);
  bytes.copy(whole, nameAt);
  return whole;
};

const extension = (name: string, data: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.write(name);
  head.writeUInt32BE(data.length, 4);
  return Buffer.concat([head, data]);
};

const numbers = (...all: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * all.length);
  for (const [nth, each] of all.entries()) bytes.writeUInt32BE(each, 4 * nth);
  return bytes;
};

const write = (path: string, parts: readonly Buffer[]): void => {
  const all = Buffer.concat(parts);
  writeFileSync(path, Buffer.concat([all, createHash('sha1').update(all).digest()]));
};

const head = (version: number, count: number): Buffer =>
  Buffer.concat([Buffer.from('DIRC'), numbers(version, count)]);

/** Read in threads, by its table of offsets, an index of so many entries has one more, within an extension that is passed over. */
const table = (path: string, name: string, commit: string): void => {
  const count = 40_001;
  const entries = Array.from({ length: count }, (_, nth) =>
    entry(`d${String(nth).padStart(6, '0')}`, FILE, EMPTY_BLOB, ASSUMED_UNCHANGED),
  );
  const body = Buffer.concat([head(2, count), ...entries]);
  const hidden = extension('ZZZZ', entry(name, GITLINK, commit));
  const offsets = extension('IEOT', numbers(1, 12, count - 1, body.length + 8, 1));
  const hash = createHash('sha1').update(hidden.subarray(0, 8)).update(offsets.subarray(0, 8)).digest();
  write(path, [body, hidden, offsets, extension('EOIE', Buffer.concat([numbers(body.length), hash]))]);
};

/** A whole folder is one entry: what is in it stands in the tree. */
const sparse = (path: string, tree: string): void =>
  write(path, [
    head(3, 1),
    entry('node_modules/', FOLDER, tree, EXTENDED),
    extension('sdir', Buffer.alloc(0)),
  ]);

/** With an extension that is passed over: a hole of 2.3 GB. */
const grow = (path: string): void => {
  const bytes = 2_300_000_000;
  const before = readFileSync(path).subarray(0, -20);
  writeFileSync(path, Buffer.concat([before, Buffer.from('ZZZZ'), numbers(bytes)]));
  truncateSync(path, before.length + 8 + bytes + 20);
};

const [, , kind = '', path = '', ...words] = process.argv;
const [first = '', second = ''] = words;
if (kind === 'table') table(path, first, second);
else if (kind === 'grow') grow(path);
else sparse(path, first);
