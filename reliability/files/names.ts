/** Names that no file of koubou has, in every folder that it lists. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './stage.ts';

const FORGED = 'task_20260101_000000_000000_fake';
const WORKER = 'w-00000000-1-1-aa';

/** As bytes, since a name need not be text. */
export const ODD_NAMES: readonly (readonly [what: string, name: string | Buffer])[] = [
  ['a new line', 'new\nline.json'],
  ['what a terminal obeys', '\u001b[2J\u0007\u009b31m.txt'],
  ['bad UTF-8', Buffer.from([0x62, 0xff, 0xc0, 0x2e, 0x6a, 0x73, 0x6f, 0x6e])],
  ['bad UTF-8 alone', Buffer.from([0xed, 0xa0, 0x80])],
  ['255 bytes', 'x'.repeat(255)],
  ['255 bytes that end in .json', `${'x'.repeat(250)}.json`],
  ['255 bytes of Japanese', '長'.repeat(85)],
  ['what looks like a flag', '--home.json'],
  ['two dots before it', '..x.json'],
  ['blanks and quotes', ' \'"`$(touch x)*?\\ .md'],
  ['right to left', '\u202Etxt.exe'],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor.json'],
  ['a permit that leads up', 'permit@..@1'],
  ['a permit of a number beyond all', `permit@x@${'9'.repeat(30)}`],
  ['a permit of nothing', 'permit@@'],
  ['a forged task', `05-${FORGED}.r0.b0.json`],
  ['a forged task of a far run', `05-${FORGED}.r999999999.b999999999.json`],
  ['a forged task with another way to write a number', `05-${FORGED}.r007.b00.json`],
  ['a forged task of no priority', `77-${FORGED}.r0.b0.json`],
  ['a forged task of no day', '05-task_99999999_999999_999999_zzzz.r0.b0.json'],
  ['a forged task of the year 2286', `9999999999999-05-${FORGED}.r0.b0.json`],
  ['a forged ended task', `${FORGED}.r1.json`],
  ['a forged outcome', 'run-999999999.json'],
  ['a forged outcome beyond numbers', `run-${'9'.repeat(40)}.json`],
  ['a forged mark', `${FORGED}.b999999999`],
  ['a forged worker', WORKER],
  ['a forged run file', `${WORKER}.json`],
  ['a forged beat', `${WORKER}.beat`],
  ['a forged dead worker', `.reap-${WORKER}`],
  ['a slot that nobody made', 'slot-99'],
  ['a reaped slot', '.reap-slot-99'],
  ['a forged half-made file', '00000000-1-1-0000000000.json'],
  ['a forged half-made outcome', '00000000-1-1-0000000000.outcome'],
  ['a forged batch', 'batch-00000000-1-1-0000000000'],
  ['a forged committed batch', 'commit-00000000-1-1-0000000000'],
];

/** Puts the name into every folder of the home, as a file or as a folder with the same in it. */
export const putEverywhere = (
  stage: Stage,
  home: string,
  name: string | Buffer,
  kind: 'file' | 'folder',
): void => {
  for (const { path, bytes } of [{ path: '', bytes: null }, ...stage.entries]) {
    // What belongs to one task is named by what it is; here are the folders that are listed.
    if (bytes === null && !path.startsWith('worktrees/task_')) put(join(home, path), name, kind);
  }
};

const put = (folder: string, name: string | Buffer, kind: 'file' | 'folder'): void => {
  const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)]);
  if (fs.existsSync(path)) return;
  if (kind === 'file') {
    fs.writeFileSync(path, '{"prompt":"odd"}');
    return;
  }
  fs.mkdirSync(path);
  const inner = Buffer.concat([path, Buffer.from('/'), Buffer.from(name)]);
  fs.writeFileSync(inner, '{"prompt":"odd"}');
};
