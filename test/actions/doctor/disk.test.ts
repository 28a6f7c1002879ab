import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkDisk } from '../../../src/actions/doctor/disk.ts';
import { temporaryFolder, writeFiles } from '../../config/temporary-home.ts';

describe('doctor, asked for the file system of a home', () => {
  const folder = temporaryFolder();
  beforeEach(() => chmodSync(folder(), 0o700));

  it('tries what the queue does to it, says how much room there is, and leaves nothing behind', async () => {
    writeFiles(folder(), { 'config/agent.yaml': '' });
    const { name, ok, message, cure } = await checkDisk(folder());
    assert.deepEqual([name, ok, cure], ['file system', true, null]);
    assert.match(String(message), /^Links, renames and syncs; [\d.]+ [MG]B free\.$/);
    assert.deepEqual(readdirSync(folder()), ['config']);
  });

  it('says that others may read the home, which is no fault', async () => {
    chmodSync(folder(), 0o750);
    const { ok, cure } = await checkDisk(folder());
    assert.deepEqual([ok, cure], [true, `chmod 700 ${folder()}`]);
  });

  it('says that the home cannot be worked in, with a cure for it', async () => {
    writeFiles(folder(), { file: '' });
    const { ok, message, cure } = await checkDisk(join(folder(), 'file'));
    assert.equal(ok, false);
    assert.match(String(message), /^The home cannot be worked in: ENOTDIR/);
    assert.match(String(cure), /Move the home to a local disk/);
  });

  it('says who may not write there', async function () {
    // A file system in which not even root makes a folder.
    const place = '/sys/kernel';
    if (process.platform !== 'linux') this.skip();
    const { ok, cure } = await checkDisk(place);
    assert.deepEqual([ok, cure], [false, `Give your user the right to write in ${place}.`]);
  });
});
