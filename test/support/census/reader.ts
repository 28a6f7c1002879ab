/** What the census needs of a file system, so that it can look at a simulated one as well. */
import fs from 'node:fs';

export interface Reader {
  /** Names in a folder, sorted; none where there is no folder. */
  names(folder: string): string[];
  exists(path: string): boolean;
  /** A file's text. Throws where there is none. */
  text(path: string): string;
  /** A file's number, the same for all of its names. Throws where there is none. */
  inode(path: string): number;
}

const absent = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

export const orNone = <T>(look: () => T): T | undefined => {
  try {
    return look();
  } catch (error) {
    if (absent(error)) return undefined;
    throw error;
  }
};

export const disk: Reader = {
  names: (folder) => orNone(() => fs.readdirSync(folder).sort()) ?? [],
  exists: (path) => orNone(() => fs.lstatSync(path)) !== undefined,
  text: (path) => fs.readFileSync(path, 'utf8'),
  inode: (path) => fs.lstatSync(path).ino,
};

/** What a JSON file holds: undefined where there is no file, 'torn' where it is no JSON object. */
export const json = (reader: Reader, path: string): Record<string, unknown> | 'torn' | undefined => {
  let text: string;
  try {
    text = reader.text(path);
  } catch (error) {
    return absent(error) || !reader.exists(path) ? undefined : 'torn';
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : 'torn';
  } catch {
    return 'torn';
  }
};
