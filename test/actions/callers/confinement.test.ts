import assert from 'node:assert/strict';
import { join } from 'node:path';
import { unconfinable } from '../../../src/actions/callers/confinement.ts';
import { temporaryFolder } from '../../config/temporary-home.ts';
import { needBubblewrap, pathWith } from '../../support/koubou/bubblewrap.ts';

describe('whether programs can be confined', () => {
  const folder = temporaryFolder();

  it('is not so where there is no sandbox, which comes with its cure', async function () {
    if (process.platform !== 'linux') this.skip();
    const why = await unconfinable({ PATH: '/usr/share' }, folder());
    assert.match(why ?? '', /^there is no bwrap on the PATH\. Install bubblewrap \(apt install bubblewrap/);
  });

  describe('with bubblewrap', () => {
    needBubblewrap();

    it('is so where one works', async () => {
      assert.equal(await unconfinable({ PATH: pathWith(join(folder(), 'bin')) }, '/nowhere'), undefined);
    });

    it('is not so by a program that lies in the folder of the work', async () => {
      const PATH = join(folder(), 'bin');
      pathWith(PATH);
      assert.match((await unconfinable({ PATH }, folder())) ?? '', /^there is no bwrap on the PATH/);
      assert.equal(await unconfinable({ PATH }, '/nowhere'), undefined);
    });
  });
});
