/**
 * Principle 9: secrets are families, in the languages people write. The tables were written before the search, a third
 * of them was not looked at while it was made, and what comes of both is published.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigSchema } from '../../src/config/schema.ts';
import { findSecret } from '../../src/privacy/secrets.ts';
import { findWordWithValue } from '../../src/privacy/words/secret-words.ts';
import { EVERYDAY_SECRETS } from '../text/everyday-secrets.ts';
import { LOOK_ALIKES } from '../text/look-alikes.ts';
import { type Figures, lookAlikesOf, type Part, type Search, secretsOf } from '../text/secret-tables.ts';

const words = ConfigSchema.parse({}).security.sensitive_patterns;
const search: Search = (text) => findSecret(text, words);
const parts: readonly Part[] = ['made with', 'held out'];
/** Figures of the lot that came last say what to expect; they are published, whatever they are. */
const published: readonly Part[] = [...parts, 'first sight'];

/** 48 of 50 are to be seen, and 2 of 45 look-alikes at most. */
const seesEnough = ({ found, passed }: Figures): boolean =>
  found.length / (found.length + passed.length) >= 48 / 50;
const alarmsLittle = ({ found, passed }: Figures): boolean =>
  found.length / (found.length + passed.length) <= 2 / 45;

describe('the search for secrets, on tables of what people write', () => {
  it('has tables that are large enough to say something', () => {
    assert.ok(EVERYDAY_SECRETS.length >= 250, `${EVERYDAY_SECRETS.length} secrets`);
    assert.ok(LOOK_ALIKES.length >= 250, `${LOOK_ALIKES.length} look-alikes`);
    assert.deepEqual(
      LOOK_ALIKES.filter((text) => EVERYDAY_SECRETS.includes(text)),
      [],
    );
  });

  for (const part of parts) {
    it(`sees nearly every secret and hardly a look-alike: the part ${part}`, async () => {
      const secrets = await secretsOf(part, search);
      const lookAlikes = await lookAlikesOf(part, search);
      assert.ok(seesEnough(secrets), `unseen: ${secrets.passed.join('\n')}`);
      assert.ok(alarmsLittle(lookAlikes), `false alarms: ${lookAlikes.found.join('\n')}`);
    });
  }

  it('does what docs/local-only.md says of it', async () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'local-only.md'), 'utf8');
    for (const part of published) {
      const secrets = await secretsOf(part, search);
      const lookAlikes = await lookAlikesOf(part, search);
      const row = `| ${part} | ${of(secrets)} | ${of(lookAlikes)} |`;
      assert.ok(page.includes(row), `docs/local-only.md has to say: ${row}`);
    }
  });

  it('alarms hardly at what it was never mended by, and sees five of six secrets there', async () => {
    const { found, passed } = await secretsOf('first sight', search);
    assert.ok(found.length + passed.length >= 200);
    assert.ok(found.length / (found.length + passed.length) >= 5 / 6, `unseen: ${passed.join('\n')}`);
    assert.ok(alarmsLittle(await lookAlikesOf('first sight', search)));
  });

  it('would be found to do too little if it knew but the words of the config', async () => {
    const wordsAlone: Search = async (text) => findWordWithValue(text, words);
    for (const part of parts) {
      assert.equal(seesEnough(await secretsOf(part, wordsAlone)), false);
      assert.equal(alarmsLittle(await lookAlikesOf(part, wordsAlone)), false);
    }
  });
});

const of = ({ found, passed }: Figures): string => `${found.length} of ${found.length + passed.length}`;

describe('words of security.sensitive_patterns', () => {
  it('keep their meaning where they are the user’s own', async () => {
    assert.match((await findSecret('Projekt-Kranich: 4', ['projekt kranich'])) ?? '', /projekt kranich/);
    assert.equal(await findSecret('password: hunter22', ['projekt kranich']), undefined);
    assert.equal(await findSecret('password: hunter22', []), undefined);
    assert.equal(await findSecret('token=93kd02ls9f', ['password']), undefined);
    assert.match(
      (await findSecret('KD-Nr: 4711, パスワード：tanuki88', ['password', 'kd-nr'])) ?? '',
      /value/,
    );
  });
});
