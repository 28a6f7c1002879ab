/** Where programs of this machine listen that are talked to through the file system. */
import { readFile } from 'node:fs/promises';

/** As unix(7) says of flags in /proc/net/unix: __SO_ACCEPTCON. */
const LISTENS = 0x10000;

/**
 * A read-only mount does not keep anybody from connecting to a socket in it. What listens later is not among these;
 * the usual places of such sockets are hidden as folders.
 */
export const listeningSockets = async (): Promise<string[]> => {
  const table = await readFile('/proc/net/unix', 'utf8').catch(() => '');
  return [...new Set(table.split('\n').flatMap(listensAt))];
};

// Num RefCount Protocol Flags Type St Inode Path: the path may hold spaces.
const listensAt = (line: string): string[] => {
  const [, flags, path] = /^\S+ \S+ \S+ (\S+) \S+ \S+ +\S+ (\/.*)$/.exec(line) ?? [];
  return path !== undefined && (Number.parseInt(flags ?? '', 16) & LISTENS) !== 0 ? [path] : [];
};
