/** Names as git has them: bytes. They stay latin1 until they are shown. */

/** Names that git ended with zero bytes; file names may be any bytes, so they stay latin1 until they are shown. */
export const zeroEnded = (bytes: Buffer): string[] => bytes.toString('latin1').split('\0').slice(0, -1);

export const asBytes = (name: string): Buffer => Buffer.from(name, 'latin1');

/** The file that git gave a name, as bytes. */
export const pathIn = (folder: string, name: string): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), asBytes(name)]);

export const shownName = (name: string): string => asBytes(name).toString('utf8');

/** A name of this process's own, as git's bytes. */
export const asName = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
