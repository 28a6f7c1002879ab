/** Secrets that are told by their form: rows of spare codes, turns of a dial, four groups of letters of a mail password. Pure. */
import { CODE, LOCK, LOCK_ALONE, SPARE } from '../words/lock-words.ts';
import { isProse } from '../words/sentence-words.ts';

const GROUP = '[\\dA-Za-z]{3,6}[- ]?[\\dA-Za-z]{3,6}';
const WITH_DIGIT = '(?=[A-Za-z]{0,5}\\d)';
/** `Backup codes for mail: 4410 8823, 9921 0034`. */
const SPARES = new RegExp(
  `(?<![\\p{L}\\p{N}-])${WITH_DIGIT}${GROUP}(?:[,;、/|]?\\s{1,3}|[,;、/|])${WITH_DIGIT}${GROUP}(?![\\p{L}\\p{N}])`,
  'gu',
);

const SIDE =
  '(?:to the )?(?:left|right|links|rechts|(?:à )?(?:gauche|droite)|(?:a la )?(?:izquierda|derecha)|esquerda|direita|(?:a )?(?:sinistra|destra)|влево|вправо|左|右|왼쪽|오른쪽|clockwise|anticlockwise)(?:に|へ|으로)?';
const TO = '(?:(?:to|on|auf|sur|a|em|su|на) )?';
/** `31 left, 7 right, 22 left`. */
const TURNS = new RegExp(
  `(?:\\d{1,2}\\s?${SIDE}[\\s,、]{1,3}){2}\\d{1,2}\\s?${SIDE}|(?:${SIDE}\\s?${TO}\\d{1,2}[\\s,、]{1,3}(?:then |dann |luego |puis |poi |depois )?){2}${SIDE}\\s?${TO}\\d{1,2}`,
  'giu',
);

/** What mail services make for one program: four groups, of which no language makes four words. */
const GROUPS = /(?<![\p{L}\p{N}-])[a-z]{4}([ -]?)[a-z]{4}\1[a-z]{4}\1[a-z]{4}(?![\p{L}\p{N}-])/gu;
const NO_WORD =
  /\b[b-df-hj-np-tvwxz]{4}\b|[b-df-hj-np-tv-xz]{4}|q[^u]|[b-df-hj-np-tv-xz]{3}\b(?<!ght|tch|rth|rst|nds|rds|lls|cks|rks|nts|sts|rts|lds|nks|mps)/;
/** Sixteen letters with so few vowels are no word of any language. */
const VOWELS = /^(?:[^aeiouy]*[aeiouy]?){2}[^aeiouy]*$/;
const FOR_APP =
  /pass|passw|kennwort|mot de passe|contraseña|clave|senha|пароль|パスワード|密码|授权码|암호|비밀번호/iu;

/** `the 12 words are: …`, in languages that have no list of their own here. */
const SEED =
  /(?:12|24|twelve|zwölf|douze|doce|doze|dodici|двенадцать)\s(?:\p{L}{1,10}\s)?(?:words|wörter|mots|palabras|palavras|parole|слов\p{L}?|단어)[^:\n]{0,30}:\s{0,3}(?:\p{L}{2,12}[\s,]{1,3}){11}\p{L}{2,12}/giu;

/** The words of a wallet, by what they are called, in languages whose lists are not known here. */
const WORDS_OF_WALLET =
  /(?:(?:mots|palabras|palavras|parole|слова)\s(?:de|di|para|для)\s(?:la\s)?(?:récup|secours|recup|respaldo|seguran|восстан)\p{L}*|(?:phrase|frase)\s(?:de|di)\s(?:récup|recup)\p{L}*|frase (?:semilla|semente)|wiederherstellungs(?:wörter|phrase)|(?:seed|recovery|backup)[ -](?:words|phrase)|сид-?фраза|секретная фраза|wallet)[^:\n]{0,60}:\s{0,3}(?:(?:\d{1,2}[.):]?\s?)?\p{L}{3,12}[\s,;]{1,3}){11,23}(?:\d{1,2}[.):]?\s?)?\p{L}{3,12}(?!\p{L})/giu;

const BACK = 70;

export const findCodeRow = (text: string): string | undefined => {
  for (const [may, pattern, isIn] of ROWS) {
    if (!may.test(text)) continue;
    for (const { 0: row, index } of text.matchAll(pattern)) {
      if (isIn(text.slice(Math.max(0, index - BACK), index), row)) return 'codes of a lock or a login';
    }
  }
  return undefined;
};

/** What is quick to look for goes first: making one of these patterns ready takes longer than adding a task. */
const ROWS: readonly (readonly [may: RegExp, RegExp, (before: string, row: string) => boolean])[] = [
  [/\d/, SPARES, (before) => SPARE.test(before) && CODE.test(before)],
  [/12|24|twelve|zwölf|douze|doce|doze|dodici|двенадцать/i, SEED, () => true],
  [
    /r[eé]cup|respaldo|seguran|wiederherst|восстан|secours|seed|recovery|backup|сид|секретн|semilla|semente|wallet/i,
    WORDS_OF_WALLET,
    (_, row) => !isProse(row.slice(row.indexOf(':') + 1)),
  ],
  [/\d/, TURNS, (before) => [LOCK, LOCK_ALONE, CODE].some((each) => each.test(before))],
  [
    FOR_APP,
    GROUPS,
    (before, row) => FOR_APP.test(before) && NO_WORD.test(row) && (row.length > 16 || VOWELS.test(row)),
  ],
];
