/** Where the names of a task lead: found when it is added, and held to when they are used. */
import type { Stats } from 'node:fs';
import { KoubouError } from '../errors.ts';
import { type Words } from '../say/say.ts';
import type { Reserved } from './reserved.ts';
import { NameRefused, walk, whatChanged } from './walk.ts';

export interface OutputPlace {
  place: string;
  /** Of what lies there; undefined: nothing does. */
  facts: Stats | undefined;
}

/** The place that a result is written to for --output `asked` (absolute). Throws NameRefused with the reason why not. */
export const outputPlace = (asked: string, reserved: Reserved): OutputPlace => {
  const early = reserved.why(asked, []);
  if (early !== undefined) throw new NameRefused(early);
  const { end, facts, links } = walk(asked);
  const why = reserved.why(
    end,
    links.map(({ path }) => path),
  );
  if (why !== undefined) throw new NameRefused(`it leads to ${end}, and ${why}`);
  return { place: end, facts };
};

/** A device or a pipe that a file takes the place of is gone for everybody. */
export const refuseNoFile = (facts: Stats | undefined): void => {
  if (facts === undefined || facts.isFile()) return;
  if (facts.isDirectory()) throw new NameRefused('it is a folder');
  if (facts.isSymbolicLink()) throw new NameRefused('it has become a link');
  throw new NameRefused('it is a device, a pipe or a socket, and no file');
};

/** Throws NameRefused where `asked` does not lead to `place` any more. */
export const requireSamePlace = (asked: string, place: string): void => {
  const changed = whatChanged(asked, place);
  if (changed !== undefined) throw new NameRefused(changed);
};

/** Where an attached file really lies. Throws NameRefused. */
export const filePlace = (asked: string): string => {
  const { end, links } = walk(asked);
  const own = links.find(({ path }) => path.startsWith('/proc/'));
  if (own !== undefined) throw new NameRefused(`${own.path} is another file for each process`);
  return end;
};

export interface Attached {
  /** Absolute. */
  path: string;
  /** Where it led when it was attached. */
  place?: string | undefined;
}

/** Bytes; 0 where it cannot be read. */
export const sizeOfAttached = ({ path, place }: Attached): number => {
  try {
    const { end, facts } = walk(path);
    return facts?.isFile() && (place === undefined || place === end) ? facts.size : 0;
  } catch {
    return 0;
  }
};

/** A refused name as an error: `usage` of who names it now, `conflict` where it was settled before. Any other error as it is. */
export const refusedAs = (
  error: unknown,
  code: 'usage' | 'conflict',
  message: (reason: string) => string,
  hint: Words,
): unknown =>
  error instanceof NameRefused
    ? new KoubouError(code, message(error.message), { hint, cause: error })
    : error;
