/** Commands as they would run after the machine was started anew: with another boot id. Linux and root only. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The command that runs `command` in a boot that nothing was recorded in yet. Its id is put into `folder`. */
export const inAnotherBoot = (folder: string, command: readonly string[]): string[] => {
  const id = join(folder, `boot-${randomUUID()}`);
  writeFileSync(id, `${randomUUID()}\n`);
  const script = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, id, ...command];
};
