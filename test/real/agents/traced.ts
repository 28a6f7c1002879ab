/** A program under strace, to see where it and all it starts connect to. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../src/process/find-program.ts';

export interface Traced {
  /** To be started in place of the program. */
  bin: string;
  /** Lines of the trace that connect or send beyond this machine. */
  beyond(): string[];
  /** How many connections there were at all. */
  count(): number;
}

/** undefined where there is no strace. */
export const traced = async (program: string, folder: string): Promise<Traced | undefined> => {
  const strace = await findProgram('strace', '/', process.env['PATH']);
  if (strace === undefined) return undefined;
  const bin = join(folder, 'traced');
  const trace = join(folder, 'trace');
  writeFileSync(
    bin,
    `#!/bin/sh\nexec '${strace}' -f -qq -e trace=connect,sendto,sendmsg -o '${trace}' '${program}' "$@"\n`,
  );
  chmodSync(bin, 0o755);
  const addressed = (): string[] =>
    readFileSync(trace, 'utf8')
      .split('\n')
      .filter((line) => /sa_family=AF_INET6?,/.test(line));
  return {
    bin,
    beyond: () => addressed().filter((line) => !/inet_addr\("127\.|"::1"|"::ffff:127\./.test(line)),
    count: () => addressed().length,
  };
};
