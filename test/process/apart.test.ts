import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLeft } from '../../src/process/homes/apart.ts';
import { type ProcessIdentity, selfIdentity } from '../../src/process/liveness.ts';
import { halfMadeBy, makerName } from '../../src/process/maker.ts';

const DAY_SECONDS = 24 * 60 * 60;
/** By what is written in its name. */
const elsewhere = {
  boot: { bootId: 'ab12cd34' },
  namespace: { pidNamespace: 'pid:[1]' },
} as const;

describe('a folder of a process that cannot be looked at', () => {
  let root: string;
  let folder: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'koubou-apart-'));
    folder = join(root, 'run');
    mkdirSync(folder);
  });
  afterEach(() => {
    assert.deepEqual(readdirSync(root), ['run'], 'nothing is left beside it');
    rmSync(root, { recursive: true });
  });

  /** `days`: how old it looks. */
  const left = (identity: Partial<ProcessIdentity>, days: number, upDays = 30): Promise<boolean> => {
    const maker = halfMadeBy(`x.${makerName({ ...selfIdentity(), ...identity }, '0')}.tmp`);
    assert.ok(maker);
    const at = Date.now() / 1000 - days * DAY_SECONDS;
    utimesSync(folder, at, at);
    return isLeft(folder, maker, upDays * DAY_SECONDS);
  };

  for (const [where, identity] of Object.entries(elsewhere)) {
    it(`of another ${where} is kept for a week`, async () => {
      assert.equal(await left(identity, 6), false);
      assert.equal(await left(identity, 8), true);
    });

    it(`of another ${where} is kept when only the clock of this machine says that it is old`, async () => {
      const now = Date.now;
      Date.now = () => now() + 30 * DAY_SECONDS * 1000;
      try {
        const at = now() / 1000;
        utimesSync(folder, at, at);
        const maker = halfMadeBy(`x.${makerName({ ...selfIdentity(), ...identity }, '0')}.tmp`);
        assert.ok(maker);
        assert.equal(await isLeft(folder, maker, 30 * DAY_SECONDS), false);
      } finally {
        Date.now = now;
      }
    });
  }

  it('of this boot is kept when it looks older than the boot', async () => {
    assert.equal(await left(elsewhere.namespace, 8, 1), false);
  });
});
