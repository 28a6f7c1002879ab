import assert from 'node:assert/strict';
import { decodeLoosely, decodeText, TextCheck } from '../../src/text/formats/decode-text.ts';

const TEXT = 'one\r\nzwei ü 日本 \u{1F469}\u{200D}\u{1F4BB}\n';
const le = Buffer.from(`\uFEFF${TEXT}`, 'utf16le');
const forms: Record<string, Buffer> = {
  'UTF-8': Buffer.from(TEXT),
  'UTF-8 with a mark': Buffer.from(`\uFEFF${TEXT}`),
  'UTF-16LE': le,
  'UTF-16BE': Buffer.from(le).swap16(),
};
const noText: Record<string, Buffer> = {
  'UTF-16 without a mark': Buffer.from(TEXT, 'utf16le'),
  'UTF-32': Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]),
  'half a letter': Buffer.from('ü').subarray(0, 1),
  'half a letter of UTF-16': le.subarray(0, le.length - 1),
  'Latin-1': Buffer.from('größe', 'latin1'),
  'a zero': Buffer.from('a\0b'),
  'a zero in UTF-16': Buffer.from('\uFEFFa\0b', 'utf16le'),
};

describe('the text of a file', () => {
  /** In two pieces, wherever they are cut. */
  const everyCut = (bytes: Buffer): boolean[] =>
    Array.from({ length: bytes.length + 1 }, (_, at) => {
      const check = new TextCheck();
      return (
        [bytes.subarray(0, at), bytes.subarray(at)].every((piece) => check.holds(piece)) && check.holds()
      );
    });

  for (const [name, bytes] of Object.entries(forms)) {
    it(`is read as ${name}, without a mark, and known for text wherever it is cut`, () => {
      assert.equal(decodeText(bytes), TEXT);
      assert.equal(decodeLoosely(bytes), TEXT);
      assert.deepEqual(new Set(everyCut(bytes)), new Set([true]));
    });
  }

  for (const [name, bytes] of Object.entries(noText)) {
    it(`is none in ${name}, wherever it is cut`, () =>
      assert.deepEqual(new Set(everyCut(bytes)), new Set([false])));
  }

  it('may be a single letter, or nothing', () => {
    for (const text of ['', 'a', 'ab', 'abc']) {
      const check = new TextCheck();
      assert.ok(check.holds(Buffer.from(text)) && check.holds());
    }
  });
});
