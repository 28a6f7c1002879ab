/** What can lie where koubou looks for a file of its own. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';

export interface Ground {
  /** Absolute: where it is put. What lay there is gone already. */
  path: string;
  /** What lay there; null: nothing, or a folder. */
  original: Buffer | null;
  /** Absolute: a file and a folder beside the home, of the kind that lay at `path`. */
  outside: { file: string; folder: string };
}

export interface Plant {
  /** As the report calls it. */
  what: string;
  /** Plants of one group share a row of the report. */
  group: string;
  make: (ground: Ground) => void | Promise<void>;
  /** Only root can make it. */
  needsRoot?: true;
  /** Needs that something lay there. */
  needsContent?: true;
  /** Leads out of the home. */
  leadsOut?: true;
  /** A file, of whatever content. */
  isFile?: true;
  /** It stays root's. */
  isOfRoot?: true;
  /** Nobody can tell it from a file of the home: it is only told where nothing of ours can lie. */
  onlyNew?: true;
}

const file = (what: string, group: string, content: (original: Buffer) => string | Uint8Array): Plant => ({
  what,
  group,
  isFile: true,
  make: ({ path, original }) => fs.writeFileSync(path, content(original ?? Buffer.from('{}'))),
});

const changed = (what: string, group: string, content: (original: Buffer) => string | Uint8Array): Plant => ({
  ...file(what, group, content),
  needsContent: true,
});

/** With fields put into whatever JSON object lay there. */
const withFields = (what: string, group: string, fields: string): Plant =>
  changed(what, group, (original) => original.toString().replace(/\{/, `{${fields},`));

const deep = (count: number): string => `${'['.repeat(count)}${']'.repeat(count)}`;

export const PLANTS: readonly Plant[] = [
  file('nothing', 'an empty file', () => ''),
  file('a zero byte', 'zero bytes', () => '\0'),
  file('a block of zeros, as a power cut leaves it', 'zero bytes', () => Buffer.alloc(4096)),
  changed('the first half', 'half of it', (original) => original.subarray(0, original.length / 2)),
  changed('all but the last byte', 'half of it', (original) => original.subarray(0, original.length - 2)),
  changed('a byte order mark before it', 'a byte order mark, UTF-16', (original) =>
    Buffer.concat([Buffer.from('\uFEFF'), original]),
  ),
  changed('UTF-16', 'a byte order mark, UTF-16', (original) =>
    Buffer.from(`\uFEFF${original.toString()}`, 'utf16le'),
  ),
  changed('bad UTF-8 in it', 'bad UTF-8', (original) =>
    Buffer.concat([
      original.subarray(0, original.length / 2),
      Buffer.from([0xff, 0xc0, 0x80]),
      original.subarray(original.length / 2),
    ]),
  ),
  file('bad UTF-8 alone', 'bad UTF-8', () => Buffer.from([0xc3, 0x28, 0xff])),
  file('null', 'JSON of another kind', () => 'null'),
  file('a list', 'JSON of another kind', () => '[1, 2]'),
  file('text', 'JSON of another kind', () => '"text"'),
  file('a number beyond all', 'JSON of another kind', () => '1e999'),
  file('an empty object', 'JSON of another kind', () => '{}'),
  file('a hundred thousand brackets', 'nested without end', () => deep(100_000)),
  withFields('a deep field that nobody knows', 'nested without end', `"unknown":${deep(20_000)}`),
  withFields('a deep context', 'nested without end', `"context":{"a":${deep(20_000)}}`),
  withFields('__proto__', '__proto__ and constructor', '"__proto__":{"polluted":true}'),
  withFields('constructor', '__proto__ and constructor', '"constructor":{"prototype":{"polluted":true}}'),
  withFields('a field twice', 'a field twice', '"version":2,"task_id":"../../x","version":1'),
  withFields('a long list', 'a long list', `"unknown":[${'0,'.repeat(500_000)}0]`),
  changed('17 MB of blanks behind it', 'megabytes, gigabytes', (original) =>
    Buffer.concat([original, Buffer.alloc(17 * 1024 * 1024, ' ')]),
  ),
  {
    what: '2 GB, sparse',
    group: 'megabytes, gigabytes',
    isFile: true,
    make: ({ path, original }) => {
      fs.writeFileSync(path, original ?? '');
      fs.truncateSync(path, 2 * 1024 ** 3);
    },
  },
  {
    what: '100 MB, sparse',
    group: 'megabytes, gigabytes',
    isFile: true,
    make: ({ path, original }) => {
      fs.writeFileSync(path, original ?? '');
      fs.truncateSync(path, 100 * 1024 ** 2);
    },
  },
  { what: 'a pipe', group: 'a pipe, a socket, a device', make: ({ path }) => mkfifo(path) },
  { what: 'a socket', group: 'a pipe, a socket, a device', make: ({ path }) => makeSocket(path) },
  {
    what: 'a device that gives zeros without end',
    group: 'a pipe, a socket, a device',
    needsRoot: true,
    make: ({ path }) => run('mknod', '-m', '666', path, 'c', '1', '5'),
  },
  { what: 'an empty folder', group: 'a folder', make: ({ path }) => fs.mkdirSync(path) },
  {
    what: 'a folder with something in it',
    group: 'a folder',
    make: ({ path }) => {
      fs.mkdirSync(path);
      fs.writeFileSync(join(path, 'a'), 'a');
    },
  },
  {
    what: 'a link to a file outside',
    group: 'a link out of the home',
    leadsOut: true,
    make: ({ path, outside }) => fs.symlinkSync(outside.file, path),
  },
  {
    what: 'a link to a folder outside',
    group: 'a link out of the home',
    leadsOut: true,
    make: ({ path, outside }) => fs.symlinkSync(outside.folder, path),
  },
  {
    what: 'a link to a place outside where nothing is',
    group: 'a link out of the home',
    leadsOut: true,
    make: ({ path, outside }) => fs.symlinkSync(join(outside.folder, 'new'), path),
  },
  {
    what: 'another hard link to a file outside',
    group: 'a link out of the home',
    leadsOut: true,
    isFile: true,
    onlyNew: true,
    make: ({ path, outside }) => fs.linkSync(outside.file, path),
  },
  {
    what: 'a link to itself',
    group: 'a link that leads nowhere',
    make: ({ path }) => fs.symlinkSync(basename(path), path),
  },
  {
    what: 'a link to the folder it lies in',
    group: 'a link that leads nowhere',
    make: ({ path }) => fs.symlinkSync('.', path),
  },
  {
    what: 'a link to an endless device',
    group: 'a link that leads nowhere',
    make: ({ path }) => fs.symlinkSync('/dev/zero', path),
  },
  {
    what: 'a file that may not be read',
    group: 'of another owner, or not to be read',
    isFile: true,
    make: ({ path, original }) => {
      fs.writeFileSync(path, original ?? '');
      fs.chmodSync(path, 0);
    },
  },
  {
    what: 'a file of somebody else',
    group: 'of another owner, or not to be read',
    isFile: true,
    needsRoot: true,
    isOfRoot: true,
    make: ({ path, original }) => fs.writeFileSync(path, original ?? '', { mode: 0o600 }),
  },
  {
    what: 'a folder that may not be read',
    group: 'of another owner, or not to be read',
    make: ({ path }) => fs.mkdirSync(path, { mode: 0 }),
  },
];

const run = (program: string, ...args: string[]): void => {
  execFileSync(program, args, { stdio: 'pipe' });
};

export const mkfifo = (path: string): void => run('mkfifo', path);

/** A path of a socket must be short, so it is bound elsewhere and moved. */
const makeSocket = async (path: string): Promise<void> => {
  const short = join(dirname(path), '.s');
  const place = Buffer.byteLength(short) < 100 ? short : `/tmp/.koubou-socket-${process.pid}`;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(place, resolve);
  });
  // Another name of it stays when the server takes its own away.
  fs.linkSync(place, `${place}2`);
  await new Promise((resolve) => server.close(resolve));
  fs.renameSync(`${place}2`, path);
};
