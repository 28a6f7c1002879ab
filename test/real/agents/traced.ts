/** A program under strace, to see where it and all it starts connect to. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beyondIn, canTrace, contactsIn, straceArguments } from '../../support/trace.ts';

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
  if (!canTrace()) return undefined;
  const bin = join(folder, 'traced');
  const file = join(folder, 'trace');
  const words = ['strace', ...straceArguments(file), program].map((word) => `'${word}'`);
  writeFileSync(bin, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
  chmodSync(bin, 0o755);
  const trace = (): string => readFileSync(file, 'utf8');
  return {
    bin,
    beyond: () => beyondIn(trace()).map(({ line }) => line),
    count: () => contactsIn(trace()).length,
  };
};
