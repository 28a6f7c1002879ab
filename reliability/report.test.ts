import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { REPORT, report } from './report.ts';

describe('docs/reliability.md', () => {
  it('says what the figures say', async () => {
    assert.equal(await readFile(REPORT, 'utf8'), await report(), 'run: node reliability/report.ts');
  });
});
