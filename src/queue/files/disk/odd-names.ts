/**
 * A file's name need not be UTF-8. A byte that is none of it stands in our strings as half of a surrogate pair, as in
 * Python: no name that is UTF-8 holds one, so also such a file can be named, and set aside. Pure.
 */

const ODD_BYTE = 0xdc00;
const HAS_ODD = /[\udc80-\udcff]/;

/** The path as the system knows it. */
export const asNamed = (path: string): string | Buffer => {
  if (!HAS_ODD.test(path) || path.isWellFormed()) return path;
  const letters = Array.from(path, (letter) => {
    const code = letter.charCodeAt(0);
    const isOdd = letter.length === 1 && code >= ODD_BYTE + 0x80 && code <= ODD_BYTE + 0xff;
    return isOdd ? Buffer.from([code - ODD_BYTE]) : Buffer.from(letter);
  });
  return Buffer.concat(letters);
};

export const asText = (name: Buffer): string => {
  const text = name.toString('utf8');
  if (Buffer.from(text).equals(name)) return text;
  return Array.from(name, (byte) => String.fromCharCode(byte < 0x80 ? byte : ODD_BYTE + byte)).join('');
};
