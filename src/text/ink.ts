/** Whether a text shows anything: white space, control characters, fillers and the sign for broken bytes do not. Pure. */

const INK = /[^\s\p{Cc}\p{Cf}\p{Mn}\u115f\u1160\u2800\u3164\uffa0\ufffd]/u;
const EACH_WITHOUT = /[\s\p{Cc}\p{Cf}\p{Mn}\u115f\u1160\u2800\u3164\uffa0\ufffd]+/gu;

export const hasInk = (text: string): boolean => INK.test(text);

/** A model that is broken says one letter for ever; no answer is that long and of one letter. */
const MOST_OF_ONE = 2000;

/** Reads a text piece by piece, as far as it takes to know whether it says anything. */
export class InkReader {
  #first: string | undefined;
  #count = 0;
  #saysSomething = false;

  /** True once it is known to say something. */
  read(text: string): boolean {
    if (this.#saysSomething) return true;
    const ink = text.replaceAll(EACH_WITHOUT, '');
    if (ink !== '') this.#first ??= String.fromCodePoint(ink.codePointAt(0) ?? 0);
    const first = this.#first ?? '';
    const count = first === '' ? 0 : ink.length / first.length;
    this.#saysSomething = ink !== '' && ink !== first.repeat(count);
    this.#count += count;
    return this.#saysSomething;
  }

  /** What is wrong with the whole; null: nothing. */
  get fault(): 'nothing' | { repeated: string } | null {
    if (this.#saysSomething) return null;
    if (this.#first === undefined) return 'nothing';
    return this.#count > MOST_OF_ONE ? { repeated: this.#first } : null;
  }
}
