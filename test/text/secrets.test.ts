import assert from 'node:assert/strict';
import { findSecret } from '../../src/text/secrets.ts';

const words = ['password', 'secret', 'api_key', 'token', 'private_key'];
/** Put together here, so that no scanner takes this file for a leak. */
const made = (...parts: string[]): string => parts.join('');
const many = (count: number): string => 'aB3dE6gH9j'.repeat(10).slice(0, count);

describe('a secret in a text', () => {
  for (const text of [
    'password: hunter2',
    'PASSWORD=hunter2',
    'DB_PASSWORD = "x"',
    "const dbPassword = 'x';",
    '{"password": "x"}',
    'the password is hunter2',
    'secret => 5',
    'apiKey: x',
    'API-KEY: x',
    'x-api-key: abc',
    'ApiKey="abc"',
    'client_secret_id=1',
    'mysql --password hunter2',
    'passwords:\n  a',
    'tOkEn=x',
    'パスワード password：abc',
    'private key = x',
  ]) {
    it(`is seen in ${JSON.stringify(text)}`, () => assert.notEqual(findSecret(text, words), undefined));
  }

  for (const text of [
    'Explain what a password manager does.',
    'Count the tokens.',
    'tokenizer: bpe',
    'The secretary: Anna',
    'secretly = done',
    'Write a login form with a password field',
    'a secret',
    'see https://example.com:8080/a@b',
    'task-force-and-more sk-learn',
    '',
  ]) {
    it(`is not seen in ${JSON.stringify(text)}`, () => assert.equal(findSecret(text, words), undefined));
  }

  for (const [name, text] of [
    ['AWS', made('AKIA', 'ABCDEFGHIJKLMNOP')],
    ['GitHub', made('ghp_', many(36))],
    ['GitHub, fine-grained', made('github_pat_', many(40))],
    ['GitLab', made('glpat-', many(20))],
    ['Slack', made('xoxb-', '123456789012-abc')],
    ['private key', made('-----BEGIN ', 'OPENSSH PRIVATE KEY-----')],
    ['plain private key', made('-----BEGIN ', 'PRIVATE KEY-----')],
    ['JWT', made('eyJ', 'hbGciOiJIUzI1NiJ9', '.eyJ', 'zdWIiOiIxIn0', '.c2ln')],
    ['OpenAI', made('sk-proj-', many(30))],
    ['Google', made('AIza', many(35))],
    ['Stripe', made('sk_live_', many(24))],
    ['npm', made('npm_', many(36))],
    ['Hugging Face', made('hf_', many(34))],
    ['URL', made('postgres://me:', 'hunter2', '@db.example.com/x')],
    ['header', made('Authorization: Bearer ', many(12))],
  ] as const) {
    it(`is seen in a key of this kind without any word: ${name}`, () => {
      assert.notEqual(findSecret(`before ${text} after`, []), undefined);
    });
  }

  it('is told without the secret', () => {
    assert.equal(findSecret('password: hunter2', words), '"password" with a value');
  });

  it('is sought in time that grows with the text, not with its square', () => {
    const began = process.cpuUsage().user;
    for (const piece of [
      'password ',
      '-----BEGIN ',
      'eyJ',
      'a://',
      '--password',
      'authorization: ',
      'token '.padEnd(90),
    ]) {
      findSecret(piece.repeat(2_000_000 / piece.length), words);
    }
    assert.ok(process.cpuUsage().user - began < 8_000_000);
  });
});
