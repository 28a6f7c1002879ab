/**
 * The gitlinks of an index: the paths at which git looks for a repository of its own. Pure. The bytes may be an agent's:
 * of what is no index of git's there are none, as git refuses it too.
 */

const GITLINK = 0o160000;
const KIND = 0o170000;
/** Before the hash of an entry: times, device, mode, owner, size. */
const BEFORE_HASH = 40;
const MODE_AT = 24;
const HEADER = 12;

/** Paths from the top of the work tree, in git's bytes. `hashBytes`: 20, or 32 for SHA-256. */
export const gitlinksIn = (bytes: Buffer, hashBytes: number): string[] => {
  const found: string[] = [];
  walk(bytes, hashBytes, (mode, name) => {
    if ((mode & KIND) === GITLINK && isPlain(name)) found.push(name);
  });
  return found;
};

/** git takes no other names; a forged index may lead out of the work tree by them. */
const isPlain = (name: string): boolean =>
  name.split('/').every((part) => !['', '.', '..'].includes(part) && part.toLowerCase() !== '.git');

/** Of an index in two parts, the name of the other one. */
export const sharedIndexOf = (bytes: Buffer, hashBytes: number): string | undefined => {
  let at = walk(bytes, hashBytes, () => undefined);
  while (at !== undefined && at + 8 + hashBytes <= bytes.length) {
    if (bytes.toString('latin1', at, at + 4) === 'link')
      return bytes.toString('hex', at + 8, at + 8 + hashBytes);
    at += 8 + bytes.readUInt32BE(at + 4);
  }
  return undefined;
};

/** Where the entries end; undefined: it is no index, or is not whole. */
const walk = (
  bytes: Buffer,
  hashBytes: number,
  each: (mode: number, name: string) => void,
): number | undefined => {
  if (bytes.length < HEADER || bytes.toString('latin1', 0, 4) !== 'DIRC') return undefined;
  const version = bytes.readUInt32BE(4);
  if (version < 2 || version > 4) return undefined;
  let at = HEADER;
  let name = '';
  for (let left = bytes.readUInt32BE(8); left > 0; left -= 1) {
    const flagsAt = at + BEFORE_HASH + hashBytes;
    if (flagsAt + 4 > bytes.length) return undefined;
    const isExtended = version > 2 && (bytes.readUInt16BE(flagsAt) & 0x4000) !== 0;
    let nameAt = flagsAt + (isExtended ? 4 : 2);
    let kept = '';
    if (version === 4) {
      const { value, next } = numberAt(bytes, nameAt);
      kept = name.slice(0, Math.max(0, name.length - value));
      nameAt = next;
    }
    const end = bytes.indexOf(0, nameAt);
    if (end < 0) return undefined;
    name = kept + bytes.toString('latin1', nameAt, end);
    each(bytes.readUInt32BE(at + MODE_AT), name);
    // The older ones are filled up with zeros, to a multiple of eight.
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7);
  }
  return at;
};

/** As git writes offsets in packs: seven bits a byte, the highest ones first, each further byte one more. */
const numberAt = (bytes: Buffer, at: number): { value: number; next: number } => {
  let next = at + 1;
  let byte = bytes[at] ?? 0;
  let value = byte & 127;
  while ((byte & 128) !== 0 && next < bytes.length) {
    byte = bytes[next] ?? 0;
    next += 1;
    value = (value + 1) * 128 + (byte & 127);
  }
  return { value, next };
};
