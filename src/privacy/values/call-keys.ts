/**
 * Keys that stand in a call and have no name there: `jwt.sign(claims, "…")`, `createHmac('sha256', '…')`. Which argument
 * the key is depends on what is called. Pure; of each call a bounded piece is read.
 */

import { isProse } from '../words/sentence-words.ts';
import { isRandom, isTechnical, kindOf, namesItself } from './secret-values.ts';

/** The place of the key among the arguments, and what is called; clients of clouds take the name of a key before it. */
const CALLS: readonly (readonly [place: number, calls: RegExp])[] = [
  [
    0,
    /(?<![\w$])(?:hmac\.new|SignedString|HMAC(?:256|384|512)|(?:Symmetric|InMemorySymmetric)SecurityKey|HMACSHA(?:256|384|512)|SecretKeySpec|hmacShaKeyFor|setSigningKey|Fernet|cookieParser|pbkdf2(?:Sync)?|scrypt(?:Sync)?|URLSafe(?:Timed)?Serializer)\s?\(/g,
  ],
  [
    1,
    /(?<![\w$])(?:(?:jwt|jsonwebtoken|jose)(?:\.|::)(?:sign|verify|encode|decode)(?:Async)?|signWith|pbkdf2_hmac|create(?:Hmac|Cipheriv|Decipheriv)|HMAC\.(?:hex)?digest|CryptoJS\.(?:AES\.(?:en|de)crypt|HmacSHA\d{1,3}))(?:\s?\(|\s(?=[\w{]))/gi,
  ],
  [2, /(?<![\w$])(?:hash_hmac|openssl_(?:en|de)crypt|DefaultProfile\.getProfile)\s?\(/g],
  [
    1,
    /(?<![\w$])(?:AcsClient|(?:oss2|qiniu|Qiniu)\.Auth|credential\.Credential|(?:Basic(?:AWS|Session|Cloud)?|AwsBasic|AwsSession|BasicCOS|StorageSharedKey)Credentials?(?:\.create|\.new)?|Aws::Credentials\.new|NewStaticCredentials(?:Provider)?|NewSharedKeyCredential|NewCredential|NewClientWithAccessKey)\s?\(/g,
  ],
];

/** How far a call is read. */
const REACH = 400;

export const holdsCallKey = (text: string): boolean =>
  CALLS.some(([place, calls]) => {
    for (const { 0: call, index } of text.matchAll(calls)) {
      const from = index + call.length;
      if (isKey(literalIn(argumentAt(text.slice(from, from + REACH), place)))) return true;
    }
    return false;
  });

/** The argument at this place; what stands in brackets and quotes belongs to one. */
const argumentAt = (rest: string, place: number): string => {
  let depth = 0;
  let quote = '';
  let count = 0;
  let from = 0;
  for (let at = 0; at < rest.length; at += 1) {
    const sign = rest.charAt(at);
    if (quote !== '') {
      if (sign === '\\') at += 1;
      else if (sign === quote) quote = '';
    } else if (sign === '"' || sign === "'" || sign === '`') quote = sign;
    else if ('([{'.includes(sign)) depth += 1;
    else if (')]}'.includes(sign) && depth > 0) depth -= 1;
    else if (depth === 0 && (sign === ',' || sign === ')' || sign === ';')) {
      if (count === place) return rest.slice(from, at);
      if (sign !== ',') return '';
      count += 1;
      from = at + 1;
    }
  }
  return count === place ? rest.slice(from) : '';
};

/** What makes bytes of a text, and the text. */
const LITERAL =
  /^\s{0,40}(?:\[\]byte\(|Buffer\.from\(|(?:System\.Text\.)?Encoding\.\w{1,10}\.GetBytes\(|new TextEncoder\(\)\.encode\(|bytes\(|Keys\.hmacShaKeyFor\(|b(?=["']))?(["'`])([^"'`\n]{6,120})\1/;

const literalIn = (argument: string): string => LITERAL.exec(argument)?.[2] ?? '';

const isKey = (value: string): boolean => {
  if (
    isTechnical(value) ||
    (namesItself(value) && !isRandom(value)) ||
    /^(?:sha|aes|hs|rs|des)[-\d]/i.test(value)
  )
    return false;
  const kind = kindOf(value);
  if (kind !== 'word') return kind === 'value' && /\d/.test(value);
  return value.length >= 12 && value.split(/[-_. ]/).length >= 3 && !isProse(value);
};
