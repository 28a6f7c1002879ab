/** What is written as a value, from where it begins. Pure. */

export interface Value {
  text: string;
  quoted: boolean;
  /** What follows on its line. */
  after: string;
  /** A comma, a semicolon or a bracket came directly after it. */
  ends: string;
}

const PARTNERS: Readonly<Record<string, string>> = { '“': '”', '„': '“', '«': '»', '「': '」', '『': '』' };

export const readValue = (from: string, tight: boolean, inList = false): Value => {
  const [line = ''] = from.split(/\r?\n/, 1);
  const opened = /^(?:[fbru@$]{1,2}(?=["']))?\\{0,3}(["'`“„«「『])\s{0,3}/i.exec(line);
  if (opened !== null) {
    const begin = opened[0].length;
    const partner = PARTNERS[opened[1] ?? ''] ?? opened[1] ?? '';
    const end = line.indexOf(partner, begin);
    if (end !== -1) {
      const text = line.slice(begin, end).replace(/\\+$/, '').trim();
      return { text, quoted: true, after: line.slice(end + 1), ends: '' };
    }
    return readBare(line.slice(begin), tight);
  }
  return readBare(line, tight, inList);
};

/** In a list with semicolons an ampersand is part of a value. */
const readBare = (line: string, tight: boolean, inList = false): Value => {
  let [text = ''] = line.match(/^[^\s、。」』]+/) ?? [];
  // Japanese and Chinese go on without a space.
  const ascii = text.match(/^[!-~]{3,}?(?=[,.;]?[\u3000-\u9fff\uac00-\ud7af])/)?.[0];
  if (ascii !== undefined) text = ascii;
  if (tight)
    text = text.match(inList ? /^(?:[^&;,"'`<>)}\]]|&(?![\w.-]{1,40}=))+/ : /^[^&;,"'`<>)}\]]+/)?.[0] ?? '';
  const [ends = ''] = text.match(/[,;.)}\]"'`*<>|]+$/) ?? [];
  const core = text.slice(0, text.length - ends.length);
  const after = line.slice(text.length);
  return {
    text: core,
    quoted: false,
    after: after.trim(),
    ends: ends === '' && tight ? (/^[&;,"'`<>)}\]]/.exec(after)?.[0] ?? '') : ends,
  };
};
