/** Texts within a text in base64. Pure. */

const RUN = /(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{16,}={0,2}/g;
/** Enough to see that a run is a picture or a hash. */
const GLANCE = 64;

/** What base64 hides of text, a line each; '' where it hides none. */
export const textInBase64 = (text: string): string => {
  const found: string[] = [];
  for (const [run] of text.matchAll(RUN)) {
    if (!isText(decode(run.slice(0, GLANCE)))) continue;
    const whole = decode(run);
    if (isText(whole)) found.push(whole);
  }
  return found.join('\n');
};

const decode = (run: string): string =>
  Buffer.from(run, 'base64')
    .toString('utf8')
    .replace(/\ufffd{1,3}$/, '');

/** Bytes by chance are hardly ever all letters, signs and line ends. */
const isText = (decoded: string): boolean => decoded.length >= 8 && !/[^\t\n\r\P{Cc}]|\ufffd/u.test(decoded);
