/** Seed phrases of wallets: 12 to 24 words of BIP 39 in a row whose last bits are their checksum. */
import { createHash } from 'node:crypto';
import { SEED_WORDS } from '../words/seed-words.ts';

const LENGTHS = [12, 15, 18, 21, 24];
/** A longer row is a list of words. */
const LONGEST = 40;
const LIKELY = /seed|mnemonic|recovery|wallet|phrase|bip.?39|助记|시드|シード|ウォレット|кошел/i;
/** What such words are called; these tell it from as far as the sentence before, or after the row. */
const CALLED =
  /(?:seed|recovery|backup|back-up|secret|wallet|mnemonic|ledger|trezor|metamask|restore)[\s-]{1,2}(?:phrase|words?|seed|mnemonic)|(?:12|24|twelve|twenty-four)[\s-](?:\w{1,10}[\s-])?words|wallet|ledger|trezor|metamask|mnemonic|bip.?39|crypto|wiederherstellungs|mots de (?:récupération|secours)|phrase de (?:récupération|secours)|palabras de (?:recuperación|respaldo)|frase (?:semilla|de recupera)|palavras de (?:recupera|seguran)|frase semente|parole di (?:recupero|backup)|frase di recupero|сид-?фраз|кошел|слов[а ]?.{0,12}восстановлени|ウォレット|リカバリー|シードフレーズ|復元フレーズ|助记词|助記詞|钱包|恢复短语|지갑|복구 ?(?:문구|단어)|니모닉|시드/i;
const NEAR = 40;
const BEFORE = 200;
const AFTER = 120;

let places: ReadonlyMap<string, number> | undefined;

export const findSeedPhrase = (text: string): string | undefined => {
  places ??= new Map(SEED_WORDS.map((word, at) => [word, at]));
  let row: number[] = [];
  let began = 0;
  let end = 0;
  for (const found of text.matchAll(/[A-Za-z]+/g)) {
    const place = places.get(found[0].toLowerCase());
    const between = row.length === 0 ? '' : text.slice(end, found.index);
    const goesOn =
      place !== undefined && between.length <= 12 && /^[\s,;."'`|[\]\d():*/#=>→-]*$/.test(between);
    if (!goesOn) {
      if (isSeed(row, text, began, end)) return 'a seed phrase';
      row = [];
    }
    if (place !== undefined) {
      if (row.length === 0) began = found.index;
      row.push(place);
    }
    end = found.index + found[0].length;
  }
  return isSeed(row, text, began, end) ? 'a seed phrase' : undefined;
};

/** `my seed phrase` before it is made of such words, too, so both ends of a row are tried. */
const isSeed = (row: readonly number[], text: string, began: number, end: number): boolean => {
  if (row.length < 12 || row.length > LONGEST) return false;
  const isSorted = row.every((place, at) => at === 0 || place >= (row[at - 1] ?? 0));
  if (isSorted) return false;
  if (LIKELY.test(text.slice(Math.max(0, began - NEAR), began))) return true;
  if (
    CALLED.test(text.slice(Math.max(0, began - BEFORE), began)) ||
    CALLED.test(text.slice(end, end + AFTER))
  )
    return true;
  return LENGTHS.some(
    (length) =>
      row.length >= length &&
      (hasChecksum(row.slice(0, length)) || hasChecksum(row.slice(row.length - length))),
  );
};

const hasChecksum = (row: readonly number[]): boolean => {
  const bits = row.map((place) => place.toString(2).padStart(11, '0')).join('');
  const checked = bits.length / 33;
  const entropy =
    bits
      .slice(0, -checked)
      .match(/.{8}/g)
      ?.map((byte) => Number.parseInt(byte, 2)) ?? [];
  const [first = 0] = createHash('sha256').update(Buffer.from(entropy)).digest();
  return first.toString(2).padStart(8, '0').slice(0, checked) === bits.slice(-checked);
};
