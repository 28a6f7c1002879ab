/**
 * What an index says, as git reads it: its names, and the gitlinks among them, at which git looks for a repository of its
 * own. Pure. The bytes may be an agent's: what is not an index of git's yields nothing, as git refuses it too.
 */

const GITLINK = 0o160000;
const KIND = 0o170000;
/** Before the hash of an entry: times, device, mode, owner, size. */
const BEFORE_HASH = 40;
const MODE_AT = 24;
const HEADER = 12;
/** In the flags of an entry of any version: that more flags follow, and the length of its name, or that it is longer. */
const EXTENDED = 0x4000;
const LENGTH = 0xfff;

/**
 * Paths from the top of the work tree, in git's bytes; what a forged index says may lead anywhere. `hashBytes`: 20, or 32 for SHA-256. `shared`: what an index in two
 * parts may have as its other one. An entry of that one which is replaced has no name in the first: then each name of the
 * other may be it.
 */
export const gitlinksIn = (bytes: Buffer, hashBytes: number, shared: readonly Buffer[] = []): string[] => {
  const found: string[] = [];
  let isReplaced = false;
  walk(bytes, hashBytes, (mode, name) => {
    if ((mode & KIND) !== GITLINK) return;
    if (name === '') isReplaced = true;
    else found.push(name);
  });
  for (const other of shared) {
    walk(other, hashBytes, (mode, name) => {
      if (isReplaced || (mode & KIND) === GITLINK) found.push(name);
    });
  }
  return found;
};

type Each = (mode: number, name: string) => void;

/** As git reads it, which goes by the length in the flags. It ends where the index is not whole. */
const walk = (bytes: Buffer, hashBytes: number, each: Each): void => {
  if (bytes.length < HEADER || bytes.toString('latin1', 0, 4) !== 'DIRC') return;
  const version = bytes.readUInt32BE(4);
  if (version < 2 || version > 4) return;
  let at = HEADER;
  let name = '';
  for (let left = bytes.readUInt32BE(8); left > 0; left -= 1) {
    const flagsAt = at + BEFORE_HASH + hashBytes;
    if (flagsAt + 4 > bytes.length) return;
    const flags = bytes.readUInt16BE(flagsAt);
    let nameAt = flagsAt + ((flags & EXTENDED) === 0 ? 2 : 4);
    let kept = '';
    if (version === 4) {
      const { value, next } = numberAt(bytes, nameAt);
      kept = name.slice(0, Math.max(0, name.length - value));
      nameAt = next;
    }
    const length = flags & LENGTH;
    const end = length === LENGTH ? bytes.indexOf(0, nameAt) : nameAt + length - kept.length;
    if (end < nameAt || end >= bytes.length) return;
    name = kept + bytes.toString('latin1', nameAt, end);
    // What follows the name is copied with it, so it ends at a zero.
    const [path = ''] = (kept + bytes.toString('latin1', nameAt, end + 1)).split('\0');
    each(bytes.readUInt32BE(at + MODE_AT), length === 0 ? '' : path);
    // The older ones are filled up with zeros, to a multiple of eight.
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7);
  }
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
