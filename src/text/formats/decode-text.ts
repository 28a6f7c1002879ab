/**
 * Text from the bytes of a file: UTF-8, or UTF-16 where the file says so itself with a byte order mark, which is left
 * out. Pure.
 */

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** UTF-32 begins with the same two bytes as UTF-16, and nobody writes a zero there. */
const encodingOf = (bytes: Uint8Array): Encoding => {
  const [first, second, third, fourth] = bytes;
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  const is32 = third === 0 && fourth === 0;
  return first === 0xff && second === 0xfe && !is32 ? 'utf-16le' : 'utf-8';
};

/** Throws TypeError for what is no text of its encoding. */
export const decodeText = (bytes: Uint8Array): string =>
  new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);

/** With U+FFFD for what cannot be read. */
export const decodeLoosely = (bytes: Uint8Array): string => new TextDecoder(encodingOf(bytes)).decode(bytes);

/** Enough to tell the encoding. */
const HEAD_BYTES = 4;

/** Tells of a file that comes in pieces whether it is text without zero characters. */
export class TextCheck {
  #head: Buffer | null = Buffer.alloc(0);
  #decoder = new TextDecoder('utf-8', { fatal: true });

  /** Whether it may still be text. Without a piece: whether it was. */
  holds(piece?: Uint8Array): boolean {
    let bytes = piece ?? Buffer.alloc(0);
    if (this.#head !== null) {
      bytes = Buffer.concat([this.#head, bytes]);
      if (piece !== undefined && bytes.length < HEAD_BYTES) {
        this.#head = Buffer.from(bytes);
        return true;
      }
      this.#head = null;
      this.#decoder = new TextDecoder(encodingOf(bytes), { fatal: true });
    }
    try {
      return !this.#decoder.decode(bytes, { stream: piece !== undefined }).includes('\0');
    } catch {
      return false;
    }
  }
}
