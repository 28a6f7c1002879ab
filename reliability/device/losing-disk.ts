/**
 * Run as a process: a disk with a cache that a loss of power empties, as a file that FUSE serves. A loop device is put
 * over it. What was written since the last flush lies in this process alone. Linux and root only.
 *
 *     losing-disk.ts IMAGE TARGET      IMAGE: what is on the medium. TARGET: an empty file, where the disk shows.
 *
 * It says `ready`, then obeys lines on standard input: `cut none`, `cut some SEED` (some of what was not flushed was
 * on its way to the medium, in any order), and answers `cut KEPT OF`. From then on each call to the disk fails.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createInterface } from 'node:readline';
import { seeded } from '../../test/support/seeded.ts';

const [image = '', target = ''] = process.argv.slice(2);
const BLOCK = 4096;
const medium = fs.openSync(image, 'r+');
const { size } = fs.fstatSync(medium);

/** Since the last flush: what is read now, and each block's write in the order they came. */
const cache = new Map<number, Buffer>();
let waiting: { offset: number; data: Buffer }[] = [];
let off = false;

const read = (offset: number, length: number): Buffer => {
  const found = Buffer.alloc(length);
  fs.readSync(medium, found, 0, length, offset);
  for (let block = Math.floor(offset / BLOCK); block * BLOCK < offset + length; block += 1) {
    const cached = cache.get(block);
    if (cached === undefined) continue;
    const from = Math.max(offset, block * BLOCK);
    const to = Math.min(offset + length, (block + 1) * BLOCK);
    cached.copy(found, from - offset, from - block * BLOCK, to - block * BLOCK);
  }
  return found;
};

const write = (offset: number, data: Buffer): void => {
  for (let at = 0; at < data.length; ) {
    const block = Math.floor((offset + at) / BLOCK);
    const within = offset + at - block * BLOCK;
    const piece = Buffer.from(data.subarray(at, at + BLOCK - within));
    const cached = cache.get(block) ?? read(block * BLOCK, BLOCK);
    piece.copy(cached, within);
    cache.set(block, cached);
    waiting.push({ offset: offset + at, data: piece });
    at += piece.length;
  }
};

const flush = (): void => {
  for (const [block, data] of cache) fs.writeSync(medium, data, 0, BLOCK, block * BLOCK);
  cache.clear();
  waiting = [];
};

const cut = (seed: number | null): string => {
  off = true;
  const random = seeded(seed ?? 0);
  const kept = seed === null ? [] : waiting.filter(() => random() < 0.5);
  for (const { offset, data } of kept) fs.writeSync(medium, data, 0, data.length, offset);
  const said = `cut ${kept.length} of ${waiting.length}`;
  cache.clear();
  waiting = [];
  return said;
};

// fuse_kernel.h: the calls that the kernel makes for a file which is its own file system.
const [SETATTR, GETATTR, FORGET, OPEN, READ, WRITE, STATFS] = [4, 3, 2, 14, 15, 16, 17];
const [RELEASE, FSYNC, FLUSH, INIT, INTERRUPT, BATCH_FORGET] = [18, 20, 25, 26, 36, 42];
const HEADER = 40;
const MOST = 1024 * 1024;
const EIO = -5;
const ENOSYS = -38;
/** FUSE_BIG_WRITES | FUSE_MAX_PAGES */
const ABILITIES = (1 << 5) | (1 << 22);

const started = (asked: Buffer): Buffer => {
  const answer = Buffer.alloc(64);
  answer.writeUInt32LE(7, 0);
  answer.writeUInt32LE(31, 4);
  answer.writeUInt32LE(asked.readUInt32LE(HEADER + 8), 8);
  answer.writeUInt32LE(ABILITIES, 12);
  answer.writeUInt16LE(16, 16);
  answer.writeUInt16LE(12, 18);
  answer.writeUInt32LE(MOST, 20);
  answer.writeUInt32LE(1, 24);
  answer.writeUInt16LE(MOST / BLOCK, 28);
  return answer;
};

const attributes = (): Buffer => {
  const answer = Buffer.alloc(104);
  answer.writeBigUInt64LE(1n, 16);
  answer.writeBigUInt64LE(BigInt(size), 24);
  answer.writeBigUInt64LE(BigInt(size / 512), 32);
  answer.writeUInt32LE(0o100600, 76);
  answer.writeUInt32LE(1, 80);
  answer.writeUInt32LE(BLOCK, 96);
  return answer;
};

/** FOPEN_DIRECT_IO: the kernel keeps nothing of it. */
const opened = (): Buffer => {
  const answer = Buffer.alloc(16);
  answer.writeUInt32LE(1, 8);
  return answer;
};

/** null: no answer is wanted. A number: an error. */
const answerTo = (asked: Buffer): Buffer | number | null => {
  const call = asked.readUInt32LE(4);
  if (call === FORGET || call === BATCH_FORGET || call === INTERRUPT) return null;
  if (call === INIT) return started(asked);
  if (call === GETATTR || call === SETATTR) return attributes();
  if (call === OPEN) return opened();
  if (call === STATFS) return Buffer.alloc(80);
  if (call === RELEASE || call === FLUSH) return Buffer.alloc(0);
  if (![READ, WRITE, FSYNC].includes(call)) return ENOSYS;
  if (off) return EIO;
  if (call === FSYNC) {
    flush();
    return Buffer.alloc(0);
  }
  const offset = Number(asked.readBigUInt64LE(HEADER + 8));
  const length = asked.readUInt32LE(HEADER + 16);
  if (call === READ) return read(offset, Math.max(0, Math.min(length, size - offset)));
  write(offset, asked.subarray(HEADER + 40, HEADER + 40 + length));
  const answer = Buffer.alloc(8);
  answer.writeUInt32LE(length, 0);
  return answer;
};

const channel = fs.openSync('/dev/fuse', 'r+');
const asked = Buffer.alloc(MOST + 2 * BLOCK);

const serve = (): void => {
  fs.read(channel, asked, 0, asked.length, null, (error, length) => {
    // It is not mounted yet.
    if (error?.code === 'EPERM') return void setTimeout(serve, 1);
    // ENODEV: it was unmounted. ENOENT and EINTR: the caller was interrupted.
    if (error?.code === 'ENODEV') process.exit(0);
    if (error !== null && !['ENOENT', 'EINTR', 'EAGAIN'].includes(error.code ?? '')) throw error;
    if (error === null) {
      const answer = answerTo(asked.subarray(0, length));
      if (answer !== null) {
        const body = typeof answer === 'number' ? Buffer.alloc(0) : answer;
        const header = Buffer.alloc(16);
        header.writeUInt32LE(16 + body.length, 0);
        header.writeInt32LE(typeof answer === 'number' ? answer : 0, 4);
        asked.copy(header, 8, 8, 16);
        tell(Buffer.concat([header, body]));
      }
    }
    serve();
  });
};

const tell = (answer: Buffer): void => {
  try {
    fs.writeSync(channel, answer);
  } catch (error) {
    // The one who asked was interrupted.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
};

serve();
const options = 'fd=3,rootmode=100000,user_id=0,group_id=0,allow_other';
const mount = spawn('mount', ['-i', '-t', 'fuse', '-o', options, 'koubou-losing-disk', target], {
  stdio: ['ignore', 'inherit', 'inherit', channel],
});
mount.once('exit', (code) => {
  if (code !== 0) process.exit(1);
  console.log('ready');
});
createInterface({ input: process.stdin }).on('line', (line) => {
  const [, how, seed] = line.split(' ');
  console.log(cut(how === 'some' ? Number(seed) : null));
});
