/**
 * What a sandbox opens to a program, and what it closes (hides, or holds as it is), lie within each other: the closest folder
 * around a path decides. Pure; all paths absolute and without links.
 */
import { isWithin } from '../../text/is-within.ts';

/** The length of the closest of these folders around `path`, or of itself; 0: none. */
export const deepest = (path: string, folders: readonly string[]): number =>
  Math.max(0, ...folders.filter((folder) => isWithin(path, folder)).map((folder) => folder.length));

/** Whether `path` is one of `closed` or lies in one, with none of `opened` closer around it. */
export const isClosed = (path: string, closed: readonly string[], opened: readonly string[]): boolean => {
  const around = deepest(path, closed);
  return around > 0 && around >= deepest(path, opened);
};

/** Those that lie in no other one of them: a rule of their own would have a sandbox open the folders on their way. */
export const outermost = (closed: readonly string[], opened: readonly string[]): string[] => {
  const all = [...new Set(closed)];
  return all.filter(
    (path) =>
      !isClosed(
        path,
        all.filter((each) => each !== path),
        opened,
      ),
  );
};
