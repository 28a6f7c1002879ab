/** System calls that change something, as strace saw a command or one of its gits make them. */
import fs from 'node:fs';
import { dirname } from 'node:path';

export interface CommandCall {
  /** `koubou`, or which of its gits, in the order they were started. */
  of: 'koubou' | number;
  /** What that git was asked. */
  asked: string;
  call: string;
  /** How often one thread had made this call until then, itself included. */
  nth: number;
  /** Whether that is the first thread of the process. */
  isMain: boolean;
  /** What it is made with, without what is another one each time. */
  what: string;
}

export type CommandFault = 'killed' | 'killed with all' | 'EIO' | 'ENOSPC';

export interface CommandPoint extends CommandCall {
  fault: CommandFault;
}

const CHANGING = [
  'openat',
  'write',
  'pwrite64',
  'rename',
  'renameat',
  'renameat2',
  'link',
  'linkat',
  'unlink',
  'unlinkat',
  'mkdir',
  'mkdirat',
  'rmdir',
  'symlink',
  'symlinkat',
  'fsync',
  'fdatasync',
  'ftruncate',
  'fchmod',
  'chmod',
  'copy_file_range',
  'kill',
];
/** Calls that can say that there is no room. */
const NEEDS_ROOM =
  /^(?:openat|p?write(?:64)?|rename(?:at2?)?|link(?:at)?|mkdir(?:at)?|symlink(?:at)?|fsync|fdatasync|copy_file_range)$/;

export const straceOf = (
  log: string,
  injected?: { call: string; nth: number; isMain: boolean; fault: CommandFault },
): string[] => {
  const how = injected?.fault.startsWith('killed') === true ? 'signal=SIGKILL' : `error=${injected?.fault}`;
  const inject = injected === undefined ? [] : ['-e', `inject=${injected.call}:${how}:when=${injected.nth}`];
  // Else another thread, which comes first to its nth call, would get what is meant for the main one.
  const threads = injected?.isMain === true ? [] : ['-f'];
  // What it starts is not looked at: gits have a strace of their own.
  return [
    'strace',
    ...threads,
    '-b',
    'execve',
    '-qq',
    '-y',
    '-s',
    '0',
    '-o',
    log,
    '-e',
    `trace=${CHANGING.join(',')}`,
    ...inject,
  ];
};

/** Where only the main thread is looked at, no line says whose it is. */
const LINE = /^(?:(\d+) +)?([a-z_0-9]+)\((.*)$/;
const ID = /task_[0-9]+_[0-9]+_[0-9]+_[0-9a-z]+/g;
/** What is made of chance or of a hash. */
const CHANCE = /[0-9a-z]*[0-9][0-9a-zA-Z]*|tmp_obj_\w+/g;

export type Seen = Omit<CommandCall, 'of' | 'asked'>;

/** Every call of a log, in order; those that a root has nothing to do with as well, for they count. */
export const seenIn = (log: string, root: string): Seen[] => {
  const counts = new Map<string, number>();
  let main: string | undefined;
  return fs
    .readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, thread = 'main', call, rest = ''] = LINE.exec(line) ?? [];
      if (call === undefined) return [];
      main ??= thread;
      const isMain = thread === main;
      const key = `${thread} ${call}`;
      const nth = (counts.get(key) ?? 0) + 1;
      counts.set(key, nth);
      const [given = ''] = rest.split(/\) += /);
      const paths = [...given.matchAll(/"([^"]+)"|<(\/[^>]*)>/g)].map(
        ([, quoted, open]) => quoted ?? open ?? '',
      );
      const named = paths.filter((path, at) => path.includes(root) || (at > 0 && !path.startsWith('/')));
      const opens = call === 'openat' && !given.includes('O_CREAT') && !given.includes('O_TRUNC');
      const what =
        named.some((path) => path.includes(root)) && !opens
          ? named
              .map((path) => path.replace(root, 'ROOT').replaceAll(ID, 'ID').replaceAll(CHANCE, '#'))
              .join(' ')
          : '';
      if (call === 'kill')
        return [{ call, nth, isMain, what: rest.includes(', 0)') ? '' : 'another process' }];
      return [{ call, nth, isMain, what }];
    });
};

const NAMES = /^(?:rename(?:at2?)?|link(?:at)?)$/;
const FLUSHES = /^f(?:data)?sync$/;

/**
 * Names below the root, as `kept` chooses them, that a log shows being given and whose folder it does not show being
 * flushed afterwards: a power cut can take them back.
 */
export const unflushedIn = (log: string, root: string, kept: RegExp): string[] => {
  const waiting = new Set<string>();
  for (const line of fs.readFileSync(log, 'utf8').split('\n')) {
    const [, , call = '', rest = ''] = LINE.exec(line) ?? [];
    const [given = '', answer = ''] = rest.split(/\) += /);
    if (!answer.startsWith('0')) continue;
    const quoted = [...given.matchAll(/"([^"]+)"/g)].map(([, path = '']) => path);
    const to = quoted.at(-1) ?? '';
    if (NAMES.test(call) && to.startsWith(`${root}/`) && kept.test(to.slice(root.length + 1)))
      waiting.add(to);
    const flushed = /<(\/[^>]*)>/.exec(given)?.[1];
    if (!FLUSHES.test(call) || flushed === undefined) continue;
    for (const name of waiting) if (dirname(name) === flushed) waiting.delete(name);
  }
  return [...waiting].map((name) => name.slice(root.length + 1));
};

/**
 * Two faults in each call that changes something below the root, and one of those that are made with the same words: it
 * is killed, every other time with all that runs; and it fails.
 */
export const pointsIn = (log: string, root: string, of: 'koubou' | number, asked: string): CommandPoint[] => {
  const taken = new Set<string>();
  let kills = 0;
  return seenIn(log, root).flatMap(({ call, nth, isMain, what }) => {
    // Of two other threads the first one to make it gets the fault.
    const place = `${call} ${isMain ? 'main ' : ''}${nth}`;
    if (what === '' || taken.has(`${call} ${what}`) || taken.has(place)) return [];
    taken.add(`${call} ${what}`).add(place);
    kills += 1;
    const faults: CommandFault[] = [kills % 2 === 0 ? 'killed' : 'killed with all'];
    // Other threads of Node write to the main one, and not each time as often.
    const fails = call !== 'kill' && !(call === 'write' && of === 'koubou' && !isMain);
    if (fails) faults.push(NEEDS_ROOM.test(call) && kills % 4 < 2 ? 'ENOSPC' : 'EIO');
    return faults.map((fault) => ({ of, asked, call, nth, isMain, what, fault }));
  });
};
