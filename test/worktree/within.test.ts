import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from '../../src/worktree/apply/within.ts';

describe('a name below a work tree', () => {
  let top: string;

  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-within-')));
    mkdirSync(join(top, 'a/b'), { recursive: true });
  });
  afterEach(() => rmSync(top, { recursive: true, force: true }));

  for (const portable of [false, true]) {
    const how = portable ? 'by looking at each part' : 'by descriptors';

    it(`is reached ${how}, whatever its bytes are`, async () => {
      const name = Buffer.from([0xff, 0x61]).toString('latin1');
      mkdirSync(Buffer.concat([Buffer.from(`${top}/`), Buffer.from([0xff, 0x61])]));
      await within(top, `${name}/${name}`, async ({ path }) => writeFileSync(path, 'x'), { portable });
      const [made] = readdirSync(top, { encoding: 'buffer' }).filter((each) => each[0] === 0xff);
      assert.deepEqual(made, Buffer.from([0xff, 0x61]));
    });

    it(`is not reached ${how} through a link or a file, and the words say so`, async () => {
      symlinkSync('a', join(top, 'link'));
      writeFileSync(join(top, 'file'), '');
      for (const name of ['link/b/x', 'file/x', 'link/x']) {
        const reached = within(top, name, async () => assert.fail('it was reached'), { portable });
        await assert.rejects(reached, { code: 'ENOTDIR', path: join(top, name) });
      }
      await assert.rejects(
        within(top, 'none/x', async () => assert.fail(), { portable }),
        {
          code: 'ENOENT',
          path: join(top, 'none/x'),
        },
      );
      assert.equal(existsSync(join(top, 'a/x')), false);
    });
  }
});
