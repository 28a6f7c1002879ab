import assert from 'node:assert/strict';
import { checkSchema, parseSchema } from '../../../src/actions/delegate/schema-file.ts';

describe('a schema that a result has to fit', () => {
  const refuses = (text: string, message: RegExp) =>
    assert.rejects(parseSchema(text, 'The schema x.json'), {
      code: 'usage',
      message,
      hint: /^Give a schema such as \{"type": "object"/,
    });

  it('is an object or a boolean', async () => {
    assert.deepEqual(await parseSchema('{"type":"object"}', 'x'), { type: 'object' });
    assert.equal(await parseSchema('true', 'x'), true);
    for (const text of ['[]', 'null', '"x"', '5'])
      await refuses(
        text,
        /^The schema x\.json is no JSON schema: it must be an object\. Nothing was added\.$/,
      );
  });

  it('is JSON', () => refuses('{', /^The schema x\.json is not JSON: .* Nothing was added\.$/));

  it('says what a schema can say', () =>
    refuses('{"type": 5}', /^The schema x\.json is no JSON schema: .*type.* Nothing was added\.$/));

  it('may be of an older draft, and of formats that nobody checks', async () => {
    const draft = 'http://json-schema.org/draft-07/schema#';
    const older = { $schema: draft, type: 'string', format: 'none', items: [{ const: 1 }] };
    assert.equal(await checkSchema(older, 'x'), older);
    const recent = { $schema: 'https://json-schema.org/draft/2020-12/schema', prefixItems: [{ const: 1 }] };
    assert.equal(await checkSchema(recent, 'x'), recent);
  });
});
