import assert from 'node:assert/strict';
import { findSecret } from '../../src/privacy/secrets.ts';
import { NAMES } from '../../src/privacy/words/secret-names.ts';
import { isPlainText } from '../../src/text/formats/plain-text.ts';
import { EVERYDAY_SECRETS, MORE_SECRETS } from './everyday-secrets.ts';
import { LOTS } from './secret-tables.ts';

const WORDS = ['password', 'secret', 'api_key', 'token', 'private_key'];

describe('a plain text', () => {
  it('is what most prompts are', () => {
    for (const text of ['Summarise the plan', 'Say hello in one line.', 'Translate this into Japanese', '']) {
      assert.equal(isPlainText(text, WORDS), true, text);
    }
  });

  it('holds nothing that the search would find', async () => {
    const all = [...EVERYDAY_SECRETS, ...MORE_SECRETS, ...LOTS.flatMap(({ SECRETS }) => SECRETS)];
    const plain = all.filter((text) => isPlainText(text, WORDS));
    for (const text of plain) assert.equal(await findSecret(text, WORDS), undefined, text);
  });

  it('names no secret in any language of Latin letters', () => {
    for (const name of Object.values(NAMES).flat()) {
      const text = `The ${name} is Sunshine`;
      assert.equal(isPlainText(text, WORDS), false, text);
    }
  });

  it('is no text with a word of the config, a digit, a sign, a long word or many words', () => {
    for (const text of [
      'the codeword is x',
      'say 4711',
      'a=b',
      'QWERTYUIOPASDFGHJKLZ',
      'a b c d e f g h i j k l',
    ]) {
      assert.equal(isPlainText(text, ['codeword']), false, text);
    }
    assert.equal(isPlainText('say Projekt Adler', ['Adler']), false);
  });
});
