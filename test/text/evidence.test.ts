import assert from 'node:assert/strict';
import { findByEvidence, lengthPoints } from '../../src/privacy/evidence/find.ts';
import { KINDS } from '../../src/privacy/evidence/kinds.ts';
import { GROUPS } from '../../src/privacy/evidence/shapes.ts';
import { tokensOf } from '../../src/privacy/evidence/tokens.ts';
import { WEIGHTS } from '../../src/privacy/evidence/weights.ts';
import { CONCEPTS } from '../../src/privacy/evidence/words.ts';

const TOLD = 'The side door opens with 7193#, Anna.';

describe('evidence of a secret', () => {
  it('has a weight of each kind for each group, in the order of the kinds', () => {
    const rows = WEIGHTS.trim().split(/; |\n/);
    assert.deepEqual(
      rows.map((row) => row.split(' ').slice(0, -GROUPS.length).join(' ')),
      ['any:', ...KINDS.map((kind) => `${kind}:`)],
      'learn them anew: node bench/secret-weights.ts FOLDER…',
    );
    for (const row of rows)
      for (const weight of row.split(' ').slice(-GROUPS.length)) assert.match(weight, /^-?\d+$/, row);
  });

  it('has a bit for each concept', () => assert.ok(CONCEPTS.length < 31));

  it('is seen wherever a piece of the text begins or ends', () => {
    assert.notEqual(findByEvidence(TOLD, true), undefined);
    for (let before = 2940; before < 3120; before += 7) {
      const text = `${'so it goes on and on '.repeat(200).slice(0, before)}\n\n${TOLD}\n\n${'and so on '.repeat(60)}`;
      const without = text.replace('7193#', '');
      assert.equal(findByEvidence(without, true), undefined);
      const found = findByEvidence(text, true);
      assert.equal(found, 'the code of a lock or a login', `${before} letters before it`);
    }
  });

  it('must be the more the longer a text is, up to a bound', () => {
    assert.equal(lengthPoints(300), lengthPoints(1500));
    assert.ok(lengthPoints(8000) < lengthPoints(3000));
    assert.equal(lengthPoints(1e9), lengthPoints(1e7));
  });

  it('is not looked for in what names a key, where only passwords are asked for', () => {
    assert.notEqual(findByEvidence('token: 93kd02ls9f', true), undefined);
    assert.equal(findByEvidence('token: 93kd02ls9f', false), undefined);
  });

  it('takes a text apart without losing a letter, whatever stands in it', () => {
    const text = "l'alarme: «4711#»、暗証番号は 12-34-56…\r\nTkrhk!12? x...y. \u{1f600} ~ #a";
    let at = 0;
    for (const token of tokensOf(text)) {
      assert.ok(token.at >= at && token.end > token.at);
      assert.match(text.slice(at, token.at), /^\s*$/);
      at = token.end;
    }
    assert.match(text.slice(at), /^\s*$/);
  });
});
