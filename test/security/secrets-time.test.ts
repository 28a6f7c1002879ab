/** The search for secrets reads what anybody wrote, in the daemon. */
import assert from 'node:assert/strict';
import { ConfigSchema } from '../../src/config/schema.ts';
import { findSecret } from '../../src/privacy/secrets.ts';

const words = ConfigSchema.parse({}).security.sensitive_patterns;

const PIECES = [
  'room 4711 ',
  'door 4711 mm ',
  'error code 4711 ',
  'login x1y2z3w4 ',
  'wifi: key a1 ',
  'abcd efgh ',
  '12 left ',
  'backup code 123 ',
  'variable "password" { ',
  '12 words are: one ',
  'user a@b.cd ',
  '認証 12 ',
  'password ',
  'password for ',
  '<password>',
  'token value ',
  '-----BEGIN ',
  'eyJ',
  'a://',
  '--password',

  'authorization: ',
  '"kty"',
  'curl ',
  'login ',
  'token '.padEnd(90),
  'password is ',
  'password,',
  '(password,',

  'パスワード',
  'パスワードは ',
  'key_',
  'A_KEY=',
  'pass\n',
  '"password" ',
  'password\t',
  '| password ',
  'password: <',

  '<x password="',
  'password:\n',
  'login a:',
  'secret phrase is word ',
  'password((((',
  'echo ',
  'net use ',
  'enable ',

  '4539 1488 ',
  '4539148803436',
  '4 ',
  'seed ',
  'abandon ability ',
  'QUJDREVGR0hJSktM',
  'A1b2',
  'wifi:T:x;',
  '{SHA}',

  'identified by ',
  'aaaa@',
  'username a b ',
  'zip a -',
  '7z -',
  'postgres://user:password@h ',
  'Xx',
  '%3D',
  'a/b/c/',

  'jwt.sign(',
  'jwt.sign({a, "b", ',
  'hmac.new(b',
  'never share a b ',
  'never share',
  'press "ab" ',
  'click on the ',
  'Failed password for a from ',
  'authentication failure; a=b  ',
  'senha de ',
  'senha A047 fila ',
  'order no. A-1 ',
  'number of the ',
  'keyword search ',
  'try it again with Ab1cd ',
  'zip opens with ',
  'zip opens with Ab1cd, capital ',
  'Ab1cd. It is the ',
  'code is from today on 4711 ',
  'password is Ab Cd Ef ',
  'seed: abandon ',
  'wallet: abcd ',
  'card no: 4539148803436 ',
  'api_key=votre_cle ',
  'oss2.Auth("a", ',
  'use a / Ab1cd ',
  'get in, use abc / Abcd_12 ',
  'a.b.c:5432:d:e:',
  'db.a:5432:d:e:f1 ',
  'master.key is ',
  'md5 of a.key is ',
  'sum of master.key ',
  'card ending in 4410 ',
  'card xxxx ',
  'code, is there a way to a b ',
  'code, is there a way ',
  'call us on 0800 123 ',
  'pin, call 900 100 200 ',
  '"a.pin.hint": "4 to ',
  'a.b.c.d.',
  '{{ password ',
  'update_password: on_',
  'error code 401 ',
  'commit abcdef0 ',
];

describe('the search for secrets', () => {
  it('takes time that grows with the text, not with its square', async function () {
    this.timeout(120_000);
    const cost = async (text: string): Promise<number> => {
      const began = process.cpuUsage().user;
      await findSecret(text, words);
      return process.cpuUsage().user - began;
    };
    for (const piece of PIECES) {
      const text = piece.repeat(120_000 / piece.length);
      const part = await cost(text.slice(0, text.length / 8));
      const whole = await cost(text);
      // Eight times as long: 8 where it is linear, 64 where it is not. What takes no time says nothing.
      assert.ok(whole < 100_000 || whole < part * 24, `${piece}: ${part} and ${whole} microseconds`);
    }
  });
});
