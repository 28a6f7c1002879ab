/** What tells a file that koubou wrote for this user from one that somebody else put there. src/home makes it, as a value. */
export interface Seal {
  /** The JSON text of an object with the seal in it, as it is to be written. */
  readonly seal: (json: string) => string;
  readonly isSealed: (bytes: Uint8Array) => boolean;
  /** Absolute: a folder of this user's for this home alone, outside of every home. It may not be there yet. */
  readonly apart: string;
}
