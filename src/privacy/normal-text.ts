/** A text as it reads, whatever it is written with. Pure, and takes time that grows with the text. */

/** Nobody sees them: soft hyphen, zero-width and direction marks, the byte order mark, tag characters. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** `ＰＡＳＳＷＯＲＤ：` is `PASSWORD:`, half-width kana are kana, an accent is part of its letter. */
export const normalText = (text: string): string =>
  isAscii(text) ? text : text.normalize('NFKC').replaceAll(INVISIBLE, '');

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

const ENTITIES: Readonly<Record<string, string>> = {
  '&quot;': '"',
  '&#34;': '"',
  '&apos;': "'",
  '&#39;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
  '%22': '"',
  '%3d': '=',
  '%3a': ':',
  '%20': ' ',
};

/** What HTML, JSON and addresses write for the signs that stand between a name and its value. */
export const withoutEscapes = (text: string): string =>
  text.includes('&') || text.includes('%') || text.includes('\\u00')
    ? text.replaceAll(/&(?:quot|apos|lt|gt|amp|#34|#39);|%(?:22|3d|3a|20)|\\u00[2-7][0-9a-f]/gi, (found) => {
        if (found.startsWith('\\')) return String.fromCodePoint(Number.parseInt(found.slice(2), 16));
        return ENTITIES[found.toLowerCase()] ?? found;
      })
    : text;
