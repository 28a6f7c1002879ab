/** The password beside the name of its account. Pure. */
import { isCode, isTechnical, kindOf } from '../values/secret-values.ts';

/** `auth=('bob', 'hunter22')`, `login("bob", "hunter22")`. */
export const PAIR =
  /^\s{0,3}[=:(]\s{0,3}[([{]?\s{0,3}["'][^"'\n]{1,60}["']\s{0,3},\s{0,3}["']([^"'\n]{4,64})["']/;

export const isPair = (rest: string): boolean => {
  const value = PAIR.exec(rest)?.[1] ?? '';
  return kindOf(value) === 'value' && /\d/.test(value) && !/\s/.test(value) && !isTechnical(value);
};

/** `admin / hunter2`, `deploy:9fKq27xz`. */
export const holdsPair = (line: string): boolean => {
  for (const [, name = '', value = ''] of line.matchAll(
    /([\w.@-]{1,40})(?:[:|]| ?[/|,] )["'`]?([^\s"'`]{4,64})/g,
  )) {
    const core = value.replace(/[,;.)]+$/, '');
    if (
      kindOf(core) === 'value' &&
      /\d/.test(core) &&
      !isTechnical(core) &&
      !isCode(core) &&
      !/^https?$/.test(name)
    )
      return true;
  }
  return false;
};
