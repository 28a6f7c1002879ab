import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import { findPublishedKey } from '../../src/privacy/published-key-rules.ts';
import { mayNameSecret } from '../../src/privacy/secret-hints.ts';
import { findSecret } from '../../src/privacy/secrets.ts';
import { NAMES } from '../../src/privacy/words/secret-names.ts';
import { seeded } from '../support/seeded.ts';
import { KEYS } from './secret-samples.ts';

const words = ['password', 'secret', 'api_key', 'token', 'private_key'];
const root = join(import.meta.dirname, '..', '..');

describe('a secret beside a word', () => {
  for (const text of [
    'password: hunter2',
    'PASSWORD=hunter2',
    'DB_PASSWORD = "x"',
    "const dbPassword = 'x';",
    '{"password": "x"}',
    '{\\"password\\": \\"x\\"}',
    'the password is hunter2',
    'The password for the database of shop is hunter2, so use it',
    'the token of the old server was `t0k`',
    'apiKey: x',
    'API-KEY: x',
    'x-api-key: abc',
    'ApiKey="abc"',
    'mysql --password hunter2',
    '<password>hunter2</password>',
    '<db:Password >hunter2</db:Password>',
    '<add key="Password" value="hunter2" />',
    '- name: DB_PASSWORD\n  value: hunter2',
    '{"name": "DB_PASSWORD", "value": "hunter2"}',
    'passwords:\n  a1b2',
    'passwords: 12ab',
    'password: 1234',
    'tOkEn=x1y2',
    'パスワード password：abc',
    'private key = x1y2',
  ]) {
    it(`is seen in ${JSON.stringify(text)}`, async () =>
      assert.match((await findSecret(text, words)) ?? 'nothing', /^".*" with a value$/));
  }

  for (const text of [
    'Explain what a password manager does.',
    'Count the tokens.',
    'max_tokens: 512',
    'client_secret_id=1',
    'token_size: big',
    'const token = next()',
    'source_token_count=512',
    'const tokenLimit = 4096;',
    '{"input_tokens": 1234, "output_tokens": 56}',
    'tokenizer: bpe',
    'The secretary: Anna',
    'secretly = done',
    'Write a login form with a password field',
    'The password for new users has to be hidden.',
    'Promise<Token> {',
    'a secret',
    'see https://example.com:8080/a@b',
    'task-force-and-more sk-learn',
    '',
  ]) {
    it(`is not seen in ${JSON.stringify(text)}`, async () =>
      assert.equal(await findSecret(text, words), undefined));
  }

  it('is told without the secret', async () => {
    assert.equal(await findSecret('password: hunter2', words), '"password" with a value');
  });
});

describe('a real key', () => {
  for (const [name, text] of KEYS) {
    it(`is seen without any word: ${name}`, async () => {
      const found = (await findSecret(`before ${text} after\n`, [])) ?? (await findSecret(text, []));
      assert.notEqual(found, undefined);
      assert.ok((found?.length ?? 0) < 60, 'said in few words');
    });
  }

  // What secretlint learns with a new version gets a sample here, which proves that it reaches its rules.
  it('is known here in every format that secretlint knows', async () => {
    // Of these the first is for files of other kinds, the second switches others off.
    const others = ['@secretlint/secretlint-rule-gcp', '@secretlint/secretlint-rule-filter-comments'];
    const unseen = rules
      .filter(({ meta }: { meta: { id: string } }) => !others.includes(meta.id))
      .filter((rule: (typeof rules)[number]) => !KEYS.some(([, text]) => reports(rule, `${text}\n`)))
      .map(({ meta }: { meta: { id: string } }) => meta.id);
    assert.deepEqual(unseen, []);
  });

  it('is seen in spite of a comment that tells secretlint to look away', async () => {
    const [, key = ''] = KEYS.find(([name]) => name === 'Linear') ?? [];
    assert.notEqual(await findPublishedKey(`// secretlint-disable\n${key}`), undefined);
  });
});

const reports = (rule: (typeof rules)[number], content: string): boolean => {
  let found = false;
  const context = {
    sharedOptions: {},
    createTranslator: () => () => ({}),
    report: () => {
      found = true;
    },
  };
  rule.create(context, { enableIDScanRule: true }).file({ content, ext: '.txt', contentType: 'text' });
  return found;
};

describe('no secret', () => {
  const draw = seeded(11);
  const random = (letters: string, count: number): string =>
    Array.from({ length: count }, () => letters[Math.floor(draw() * letters.length)]).join('');
  const hex = (count: number): string => random('0123456789abcdef', count);
  const alnum = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const many = (make: () => string): string => Array.from({ length: 2000 }, make).join('\n');

  const ordinary: Record<string, string> = {
    'hashes of every length': many(() => hex(32 + Math.floor(draw() * 97))),
    UUIDs: many(() => [8, 4, 4, 4, 12].map(hex).join('-')),
    'a git log': many(() => `commit ${hex(40)}\nMerge: ${hex(7)} ${hex(7)}\n    Tidy up ${hex(8)}`),
    'a lock file': many(() => `"integrity": "sha512-${random(`${alnum}+/`, 86)}=="`),
    'a log': many(
      () => `2026-01-02T03:04:05.678Z INFO req_${random(alnum, 24)} GET /v1/x/${hex(24)}?page=2 200 12ms`,
    ),
    'ids of tasks, messages and calls': many(
      () => `task_20260101_000000_000000_${hex(4)} msg_01${random(alnum, 22)} toolu_01${random(alnum, 22)}`,
    ),
    'a picture in base64': `data:image/png;base64,${random(`${alnum}+/`, 200_000)}`,
    'zeros in base64': 'A'.repeat(100_000),
    'names of files and classes': many(
      () => `dist/assets/main-${hex(8)}.js .sk-circle-fade-dot-animation test_${'long_name_'.repeat(6)}ok`,
    ),
    'addresses without credentials': many(
      () => `https://user@example.com:8080/${hex(40)} ssh://git@host:22/x.git http://[::1]:80/@scope/x`,
    ),
    'placeholders for credentials':
      'postgres://$' + '{USER}:$' + '{PASSWORD}@db/x https://me:<password>@host',
  };
  for (const [name, text] of Object.entries(ordinary)) {
    it(`is seen in ${name}`, async () => assert.equal(await findSecret(text, words), undefined));
  }

  it('is seen in the files of this repository', async () => {
    const files = globSync('{package-lock.json,LICENSE,*.md,{src,docs,templates,build}/**/*.{ts,md,toml}}', {
      cwd: root,
    });
    assert.ok(files.length > 150, `${files.length} files`);
    for (const file of files) {
      assert.equal(await findSecret(readFileSync(join(root, file), 'utf8'), []), undefined, file);
    }
  });
});

describe('the search for secrets', () => {
  it('is made for every text that can hold one of the names', () => {
    for (const name of Object.values(NAMES).flat()) {
      for (const text of [name, name.toUpperCase(), name.replaceAll(' ', ''), name.replaceAll(' ', '_')]) {
        assert.ok(mayNameSecret(`my ${text}: x`), text);
      }
    }
    assert.equal(
      mayNameSecret('Summarise the important path in the README, and look up the pins of it'),
      false,
    );
  });
});
