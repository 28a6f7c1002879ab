/**
 * What a daemon has from whoever started it, and must not pass on to the programs of other tasks. Of the environment
 * daemon-environment.ts decides.
 */
import { closeSync, readdirSync, readFileSync } from 'node:fs';

const STANDARD = 2;
/** What Node itself opens has it, what was there before has not: fcntl(2), as /proc/PID/fdinfo shows it. */
const O_CLOEXEC = 0o2000000;

/**
 * Closes the descriptors that a shell or a session had open (`exec 200<FOLDER`): a program in a sandbox would reach by
 * them what the sandbox hides. `channel`: NODE_CHANNEL_FD, by which a Node.js that started this one talks to it. Where there
 * is no /proc, libuv alone marks those up to 16.
 */
export const closeInherited = (channel: string | undefined): void => {
  for (const name of listed('/proc/self/fd')) {
    const descriptor = Number(name);
    if (descriptor > STANDARD && name !== channel && isInherited(descriptor)) closeQuietly(descriptor);
  }
};

const isInherited = (descriptor: number): boolean => {
  try {
    const facts = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    const flags = /^flags:\s*([0-7]+)$/m.exec(facts)?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    return false;
  }
};

const listed = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const closeQuietly = (descriptor: number): void => {
  try {
    closeSync(descriptor);
  } catch {
    // It was that of the list itself.
  }
};

const WRITABLE_FOR_OTHERS = 0o022;

/** The files of other people's tasks are not for all to write to because a session said so. */
export const narrowUmask = (): void => {
  process.umask(process.umask() | WRITABLE_FOR_OTHERS);
};
