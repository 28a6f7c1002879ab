/**
 * The seal of a task file: its last member is a MAC over the home's id and every byte before it. Only koubou of this
 * user can write one; that the JSON itself is judged by its bytes keeps members that a later version adds.
 */
import { join } from 'node:path';
import { hmac, isEqual } from './hmac.ts';

export interface Seal {
  /** The JSON text of an object, with its MAC as the last member and a newline. */
  readonly seal: (json: string) => string;
  readonly isSealed: (bytes: Uint8Array) => boolean;
  /** Absolute: a folder of this user's for this home alone, outside of every home. It may not be there yet. */
  readonly apart: string;
}

const BEGIN = ',"mac":"';
const END = '"}\n';
/** Of 32 bytes in base64url. */
const MAC_LENGTH = 43;
const TAIL_LENGTH = BEGIN.length + MAC_LENGTH + END.length;

/** `state`: koubou's folder for this user. */
export const makeSeal = (key: Uint8Array, id: string, state: string): Seal => {
  const label = Buffer.from(`koubou task 1\n${id}\n`);
  const macOf = (before: Uint8Array): string =>
    Buffer.from(hmac(key, Buffer.concat([label, before]))).toString('base64url');
  return {
    apart: join(state, 'work', id),
    seal: (json) => {
      const before = json.trimEnd().slice(0, -1);
      return `${before}${BEGIN}${macOf(Buffer.from(before))}${END}`;
    },
    isSealed: (bytes) => {
      if (bytes.length <= TAIL_LENGTH) return false;
      const before = bytes.subarray(0, bytes.length - TAIL_LENGTH);
      const expected = Buffer.from(`${BEGIN}${macOf(before)}${END}`);
      return isEqual(bytes.subarray(-TAIL_LENGTH), expected);
    },
  };
};
