/** Numbers of payment cards: an issuer's prefix and length, and the check digit of ISO/IEC 7812 (Luhn). Pure. */

const RUN = /\d(?:[ -]?\d){12,18}/g;
const ISSUED =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14})$/;
/** How the digits of a card are grouped; a row of other numbers is grouped otherwise. */
const GROUPS = /^(?:\d+|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5})$/;
/** What else has many digits is mostly named. */
const OTHER =
  /(?:order|invoice|ticket|tracking|serial|reference|ref|imei|isbn|phone|tel|fax|build|bestell\w*|rechnung\w*|auftrag\w*|sendung\w*|commande|pedido|ordine|заказ\w*|注文\w*|订单\w*|주문\w*|numéro|id|uid|no|nr|sku|ean|gtin|issn|doi|arxiv|hash|seed|offset|size|time|ts|timestamp)["'`]?\s?(?:number|no|nr|num|id|code)?["'`.]?\s?[:=#]?\s?["'`#]?$/iu;
/** A label that names the number as that of a card, although it says "number": `Card no:`, `Karten-Nr.`. */
const OF_CARD =
  /(?:card|visa|mastercard|amex|karten?|carte(?: bancaire| bleue)?|tarjeta|cartão|carta|карт[аыеу]|カード|卡|카드)[\s-]{0,2}(?:number|num|nummer|no|nr|n°|nº|#|id)?["'`.]?\s?[:=#]?\s?["'`#]?$/iu;
const CARD =
  /card|visa|master|amex|credit|debit|karte|kredit|carte|tarjeta|cartão|carta|карт|カード|信用卡|银行卡|卡号|카드|payment|pan\b/i;

/** What is told with the number of a card. */
const VALID_UNTIL =
  /\b(?:0[1-9]|1[0-2])\s?[/-]\s?(?:20)?[2-4]\d(?!\d)|\bcv[vc]2?\b|\bsecurity code\b|prüf(?:nummer|ziffer)|cryptogramme|セキュリティコード|安全码|有効期限|유효기간|有效期/i;

export const findCardNumber = (text: string): string | undefined => {
  for (const found of text.matchAll(RUN)) {
    const [run] = found;
    const before = text.slice(Math.max(0, found.index - 48), found.index);
    const next = text.slice(found.index + run.length, found.index + run.length + 2);
    // Part of an identifier, a fraction, an address, a longer row of numbers.
    if (
      /[\p{Script=Latin}\p{Script=Cyrillic}\p{N}_.,/%&-]$|[\p{N}] $/u.test(before) ||
      /^(?:[\p{Script=Latin}\p{Script=Cyrillic}\p{N}_%/-]|[.,]\d| \d(?!\d?\s?\/\s?\d))/u.test(next)
    )
      continue;
    const digits = run.replaceAll(/\D/g, '');
    if (!GROUPS.test(run) || !(ISSUED.test(digits) || /^(?:220[0-4]|9\d{3})\d{12}$/.test(digits))) continue;
    // A number with a slip of the pen goes with its date and its check number all the same.
    if (
      !passesLuhn(digits) &&
      !(
        CARD.test(before) &&
        VALID_UNTIL.test(text.slice(found.index + run.length, found.index + run.length + 80))
      )
    )
      continue;
    if (/^(\d)\1+$/.test(digits) || (OTHER.test(before) && !OF_CARD.test(before))) continue;
    // Ungrouped, one number in hundreds is one by chance, so where there are many a word must say it.
    if (run === digits && !CARD.test(before) && text.length > 4000) continue;
    return 'the number of a payment card';
  }
  return undefined;
};

const passesLuhn = (digits: string): boolean => {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
};
