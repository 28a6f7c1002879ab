import assert from 'node:assert/strict';
import { KeyCutter, withoutKeys } from '../../src/privacy/keys.ts';
import { hasCredentials } from '../../src/text/url-credentials.ts';
import fc from '../support/fast-check.ts';

const KEY = 'sk-"My/Key+4711&x=é';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const json = JSON.stringify(KEY).slice(1, -1);
const inUrl = encodeURIComponent(KEY);

const forms: Record<string, string> = {
  'as it is': KEY,
  'in JSON': json,
  'in JSON within JSON': JSON.stringify(json).slice(1, -1),
  'in JSON with escaped slashes': json.replaceAll('/', '\\/'),
  'in a URL': inUrl,
  'in a URL with small letters': inUrl.replaceAll(/%\w\w/g, (code) => code.toLowerCase()),
  'in a form': new URLSearchParams({ key: KEY }).toString().slice(4),
  'in HTML': KEY.replaceAll('&', '&amp;').replaceAll('"', '&quot;'),
  'in hex': Buffer.from(KEY).toString('hex'),
};

describe('the key of a server', () => {
  for (const [how, form] of Object.entries(forms)) {
    it(`is cut out ${how}`, () => {
      assert.equal(withoutKeys(`Bearer ${form} refused, ${form}.`, [KEY]), 'Bearer [key] refused, [key].');
    });
  }

  const letters = KEY.split('');
  const codes = [...Buffer.from(KEY)];
  const hex = codes.map((byte) => byte.toString(16).padStart(2, '0'));
  const spellings: Record<string, string> = {
    'as escapes of JSON': letters.map((l) => `\\u${l.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
    'as such escapes within JSON': letters
      .map((l) => `\\\\u${l.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
    'as numbers of HTML': letters.map((l) => `&#${l.charCodeAt(0)};`).join(''),
    'as hexadecimal numbers of HTML': letters.map((l) => `&#x${l.charCodeAt(0).toString(16)};`).join(''),
    'in capitals': KEY.toUpperCase(),
    'in capital hex': hex.join('').toUpperCase(),
    'in hex with colons': hex.join(':'),
    'in hex with 0x': hex.map((byte) => `0x${byte}`).join(', '),
    'as codes': codes.join(', '),
    'letter by letter': letters.join(' '),
    'a letter a line': letters.join('\n'),
    'with hyphens': letters.join('-'),
    'with letters that nobody sees': letters.join('\u200b'),
    'as a list': JSON.stringify(letters),
    backwards: [...letters].reverse().join(''),
    'with a gap': `${KEY.slice(0, 9)}...${KEY.slice(9)}`,
    'in base64 twice': base64(base64(KEY)).replace(/=+$/, ''),
    'in wide letters': letters
      .map((l) => (/[!-~]/.test(l) ? String.fromCharCode(l.charCodeAt(0) + 0xfee0) : l))
      .join(''),
  };
  for (const [how, form] of Object.entries(spellings)) {
    it(`is cut out of an error however it is spelled: ${how}`, () => {
      const cut = withoutKeys(`Bearer <${form}> refused`, [KEY]);
      assert.match(cut, /^Bearer <\W*\[key\]\W*> refused$/);
      assert.notEqual(withoutKeys(form, ['another/Key+4711x']), '[key]', 'a planted key is not found');
    });
  }

  it('is not seen in words that are none of its letters', () => {
    const text = 'The key 4711 of mine: sk, My/Key+471 and key 4711&x';
    assert.equal(withoutKeys(text, [KEY]), text);
  });

  it('is looked for in a time that grows as the text does', () => {
    const timeOf = (text: string): number => {
      // Of this process, since others may have the machine meanwhile.
      const begin = process.cpuUsage();
      withoutKeys(text, [KEY]);
      return process.cpuUsage(begin).user / 1000;
    };
    for (const piece of ['\\', '%', '%25', '&', '&amp;', '&#', '&#x0', '\\u{0', 's', 'sk', '"']) {
      assert.ok(timeOf(piece.repeat(1_000_000 / piece.length)) < 5000, piece);
    }
  });

  for (const user of ['', ':', 'u:', 'ab:', 'user:', 'somebody@example.com:']) {
    for (const coding of ['base64', 'base64url'] as const) {
      it(`is cut out of ${coding} behind "${user}"`, () => {
        const said = `Basic ${Buffer.from(user + KEY).toString(coding)}`;
        const cut = withoutKeys(said, [KEY]);
        assert.match(cut, /^Basic [\w+/-]*\[key\][\w+/=-]{0,4}$/);
        // Of what is left, nothing but the user and at most two letters of the key can be read.
        const left = cut.replace(/^Basic /, '').replace(/\[key\].*$/, '');
        const read = Buffer.from(left, 'base64').toString('latin1');
        assert.ok((user + KEY.slice(0, 2)).startsWith(read.slice(0, user.length + 2)), read);
        assert.ok(read.length <= user.length + 2, read);
      });
    }
  }

  it('is cut out of a stream, however it is cut into pieces', () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(KEY, KEY.slice(0, 7), 's', 'sk-', ' ', 'word ', base64(`user:${KEY}`)), {
          maxLength: 12,
        }),
        fc.array(fc.nat(30), { minLength: 1, maxLength: 40 }),
        (words, lengths) => {
          const text = words.join('');
          const cutter = new KeyCutter([KEY]);
          let passed = '';
          let at = 0;
          for (let nth = 0; at < text.length; nth += 1) {
            const length = 1 + (lengths[nth % lengths.length] ?? 0);
            passed += cutter.push(text.slice(at, at + length));
            at += length;
          }
          passed += cutter.end();
          assert.equal(passed, withoutKeys(text, [KEY]));
        },
      ),
    ));

  it('holds nothing back that begins no key', () => {
    const cutter = new KeyCutter([KEY]);
    assert.equal(cutter.push('hello '), 'hello ');
    assert.equal(cutter.push('sk'), '');
    assert.equal(cutter.push('y'), 'sky');
  });

  it('is cut out where it is short, but not out of words', () => {
    assert.equal(withoutKeys('the key abc12 was refused', ['abc12']), 'the key [key] was refused');
    assert.equal(withoutKeys('xabc12 abc123 abc12', ['abc12']), 'xabc12 abc123 [key]');
  });

  it('is none where it is what people write for no key', () => {
    for (const none of [
      'ollama',
      'lm-studio',
      'EMPTY',
      'none',
      'not-needed',
      'sk-no-key-required',
      '',
      'x',
    ]) {
      const text = `ollama lm-studio EMPTY none not-needed sk-no-key-required x`;
      assert.equal(withoutKeys(text, [none]), text);
      assert.equal(new KeyCutter([none]).push(text), text);
    }
  });
});

describe('credentials in a URL', () => {
  for (const url of [
    'http://u:p@h',
    'https://u:p@h:1/v1',
    'http://u@h',
    'u:p@h:11434',
    'http://:p@h/',
    'http://u:p%40@h',
  ])
    it(`are seen in ${url}`, () => assert.equal(hasCredentials(url), true));
  for (const url of ['http://h', 'http://h/v1/@x', 'http://h:1/?a=b@c', 'h:11434', '[::1]:1', 'http://h#@'])
    it(`are not seen in ${url}`, () => assert.equal(hasCredentials(url), false));
});
