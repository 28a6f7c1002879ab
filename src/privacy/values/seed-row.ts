/** Whether twelve words could stand in a row: the words above need not be made ready for most texts. */
export const mayHoldSeed = (text: string): boolean => {
  let row = 0;
  for (const [word] of text.matchAll(/[A-Za-z]+/g)) {
    row = word.length >= 3 && word.length <= 8 && !COMMON.has(word.toLowerCase()) ? row + 1 : 0;
    if (row === 12) return true;
  }
  return false;
};

/** No words of BIP 39; most sentences hold one of them. */
const COMMON: ReadonlySet<string> = new Set(
  'the and for are was has had not but his her its from with your our they have been were which into would each'.split(
    ' ',
  ),
);
