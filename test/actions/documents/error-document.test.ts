import assert from 'node:assert/strict';
import * as z from 'zod/mini';
import { DOCUMENTS } from '../../../src/actions/documents.ts';
import { errorDocument } from '../../../src/actions/error-document.ts';
import { KoubouError } from '../../../src/errors.ts';
import type { Wording } from '../../../src/say/marks.ts';
import { action, field, say } from '../../../src/say/say.ts';

const error = new KoubouError('conflict', say`Name ${field('output', 'FILE')}.`, {
  hint: say`${action('wait')} waits.`,
});
const desk: Wording = {
  field: ({ name, value }) => `box ${name} with ${value}`,
  action: ({ name }) => `form ${name}`,
  help: () => 'the leaflet',
};

describe('the document of an error', () => {
  it('has its code, what is wrong and what to do, in the words of the door', () => {
    assert.deepEqual(errorDocument(error, desk), {
      error: { code: 'conflict', message: 'Name box output with FILE.', hint: 'form wait waits.' },
    });
  });

  it('is in those of the command line where no door says otherwise', () => {
    assert.deepEqual(errorDocument(error), {
      error: { code: 'conflict', message: 'Name --output FILE.', hint: '`koubou wait` waits.' },
    });
  });

  it('has the usual hint of its code where it has none of its own, and fits its schema', () => {
    const document = errorDocument(new KoubouError('disk_full', 'Full.'), desk);
    assert.match(document.error.hint, /space/);
    assert.deepEqual(z.parse(DOCUMENTS.error, document), document);
  });
});
