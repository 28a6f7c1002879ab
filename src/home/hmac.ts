/**
 * HMAC-SHA256 (RFC 2104, FIPS 180-4) for the few hundred bytes of a task file. Loading node:crypto takes longer than all
 * else that a short command does; longer messages are given to it (docs/decisions/0007-homes-are-signed.md has the figures).
 */
const LONG_MESSAGE = 4096;
const BLOCK = 64;

export const hmac = (key: Uint8Array, message: Uint8Array): Uint8Array => {
  if (message.length > LONG_MESSAGE || key.length > BLOCK) {
    return process.getBuiltinModule('node:crypto').createHmac('sha256', key).update(message).digest();
  }
  const inner = new Uint8Array(BLOCK + message.length).fill(0x36, 0, BLOCK);
  const outer = new Uint8Array(BLOCK + 32).fill(0x5c, 0, BLOCK);
  for (let at = 0; at < key.length; at += 1) {
    inner[at] = (key[at] as number) ^ 0x36;
    outer[at] = (key[at] as number) ^ 0x5c;
  }
  inner.set(message, BLOCK);
  outer.set(sha256(inner), BLOCK);
  return sha256(outer);
};

/** Takes as long wherever they differ. */
export const isEqual = (one: Uint8Array, other: Uint8Array): boolean => {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at += 1) difference |= (one[at] as number) ^ (other[at] ?? 0);
  return difference === 0;
};

/** The first 32 bits of the fractions of the square roots of the first 8 primes, and of the cube roots of the first 64. */
const [START, CONSTANTS] = ((): [Int32Array, Int32Array] => {
  const primes: number[] = [];
  for (let number = 2; primes.length < 64; number += 1) {
    if (!primes.some((prime) => number % prime === 0)) primes.push(number);
  }
  const fractions = (numbers: readonly number[], power: number): Int32Array =>
    Int32Array.from(numbers, (number) => (number ** power % 1) * 2 ** 32);
  return [fractions(primes.slice(0, 8), 1 / 2), fractions(primes, 1 / 3)];
})();

const sha256 = (message: Uint8Array): Uint8Array => {
  const blocks = Math.floor((message.length + 8) / BLOCK) + 1;
  const padded = new Uint8Array(blocks * BLOCK);
  padded.set(message);
  padded[message.length] = 0x80;
  const words = new DataView(padded.buffer);
  // In bits; no message is so long that its length needs the upper word.
  words.setUint32(padded.length - 4, message.length * 8);
  const state = START.slice();
  for (let at = 0; at < padded.length; at += BLOCK) addBlock(state, words, at);
  const digest = new DataView(new ArrayBuffer(32));
  for (let at = 0; at < 8; at += 1) digest.setInt32(4 * at, state[at] as number);
  return new Uint8Array(digest.buffer);
};

const schedule = new Int32Array(64);

/** Written out: a short command runs this once, and calls that the compiler has not inlined yet are most of its time. */
const addBlock = (state: Int32Array, words: DataView, from: number): void => {
  const w = schedule as unknown as number[];
  const k = CONSTANTS as unknown as number[];
  for (let i = 0; i < 16; i += 1) w[i] = words.getInt32(from + 4 * i);
  for (let i = 16; i < 64; i += 1) {
    const early = w[i - 15] as number;
    const late = w[i - 2] as number;
    const s0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3);
    const s1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10);
    w[i] = ((w[i - 16] as number) + (w[i - 7] as number) + s0 + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as Eight;
  for (let i = 0; i < 64; i += 1) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + sum1 + ((e & f) ^ (~e & g)) + (k[i] as number) + (w[i] as number)) | 0;
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  const sums = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i += 1) state[i] = (state[i] as number) + (sums[i] as number);
};

type Eight = [number, number, number, number, number, number, number, number];
