/** The value that a sentence tells before it names it. Pure. */

import { isCode, isStrong, isTechnical, kindOf, namesItself } from '../values/secret-values.ts';
import type { Named } from '../words/secret-names.ts';
import { IS_CJK } from './said-words.ts';

const AS: ReadonlySet<string> = new Set(
  'is was as for als ist comme est como es é come è как это'.split(' '),
);
const BEFORE_CJK = /(?:が|は|を|是|이|가|을|를)[^\s!-~]{0,8}$/u;

/** `use Xk93-pPq2 as the password`, `hunter2 がパスワード`. */
export const isSaidBefore = (text: string, { family, at, end, name, isShort }: Named): boolean => {
  const isCjk = IS_CJK.test(name);
  if (!['password', 'phrase', 'pin', 'key', 'token'].includes(family)) return false;
  if (isShort || /^\s?[=:(]/.test(text.slice(end, end + 2))) return false;
  const before = text.slice(Math.max(0, at - 90), at);
  const words = before.split(/\s+/).filter((word) => word !== '');
  const as = words.findLastIndex((word) => AS.has(word.toLowerCase()));
  const told = as >= words.length - 4 ? words[as - 1] : undefined;
  const toldCjk =
    isCjk && BEFORE_CJK.test(before) ? /[!-~]{6,64}(?=\s?[^!-~]{1,12}$)/.exec(before)?.[0] : undefined;
  const core = (told ?? toldCjk)?.replaceAll(/^["'`“„«([]+|["'`”“»,;:)\]]+$/g, '') ?? '';
  if (core.length < 4) return false;
  if (namesItself(core.replace(/\d+$/, ''))) return false;
  if (family === 'pin') return /^\d{4,8}$/.test(core);
  if (kindOf(core) !== 'value' || isCode(core) || isTechnical(core)) return false;
  return isStrong(core) || /^[a-z]{3,}\d{2,}!?$/i.test(core) || /^\w+[!#$%^&*]$/.test(core);
};
