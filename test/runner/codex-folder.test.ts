import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { withCodexFolder } from '../../src/runner/codex/folder.ts';

describe('the folder of a question to Codex without a home', () => {
  let user: string;
  beforeEach(() => {
    user = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-cache-')));
  });
  afterEach(() => rmSync(user, { recursive: true, force: true }));

  const folderFor = (cache: string | undefined): Promise<string> => {
    const environment = { HOME: user, ...(cache === undefined ? {} : { XDG_CACHE_HOME: cache }) };
    return withCodexFolder({ home: null, hidden: [], environment }, async (folder) => dirname(folder));
  };

  for (const [what, cache] of [
    ['is not named', undefined],
    ['is empty', ''],
    ['is relative', 'caches'],
  ] as const) {
    it(`lies below .cache where XDG_CACHE_HOME ${what}`, async () => {
      assert.equal(await folderFor(cache), join(user, '.cache/koubou'));
      assert.equal(existsSync('caches'), false);
    });
  }

  it('lies where XDG_CACHE_HOME says', async () => {
    assert.equal(await folderFor(join(user, 'own')), join(user, 'own/koubou'));
  });
});
