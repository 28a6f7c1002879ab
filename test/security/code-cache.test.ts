/** What stands in a code cache is run: one that somebody else may have made is not read. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Module } from 'node:module';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { copiedKoubou } from '../support/koubou/copied-koubou.ts';
import { koubou } from '../support/koubou/koubou.ts';

const HEADER = 160;
const OTHER_USER = 65534;

describe('a code cache', () => {
  let root: string;
  let bundle: string;
  let cache: string;
  beforeEach(async () => {
    let caches: string;
    ({ root, caches } = await copiedKoubou());
    bundle = join(root, 'dist/cli/main.cjs');
    cache = join(caches, 'main.cjs.list');
    mkdirSync(dirname(cache), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const help = (): ReturnType<typeof koubou> =>
    koubou(['list', '--help'], { program: join(root, 'bin/run.js') });

  /** V8 compares the length of a source: another program of that length is run in its place. */
  const forge = (): void => {
    const source = readFileSync(bundle, 'utf8');
    const [hash = ''] = /[\da-f]{64}/.exec(source.slice(0, HEADER)) ?? [];
    const forged = `(function () { process.stdout.write('forged'); process.exit(0); })`;
    const script = new Script(forged.padEnd(Module.wrap(source).length), { filename: bundle });
    script.runInThisContext();
    const data = script.createCachedData();
    const sum = createHash('sha256').update(data).digest('hex');
    const header = Buffer.from(`${hash} 3 ${sum} `.padEnd(HEADER));
    writeFileSync(cache, Buffer.concat([header, data]), { mode: 0o600 });
  };

  it('is run where it is of this user alone, and not where others may write to it or made it', async () => {
    forge();
    assert.equal((await help()).stdout, 'forged');
    chmodSync(cache, 0o666);
    assert.match((await help()).stdout, /koubou list/);
    forge();
    if (process.getuid?.() === 0) {
      chownSync(cache, OTHER_USER, OTHER_USER);
      assert.match((await help()).stdout, /koubou list/);
    }
  });

  it('is not waited for where it is a pipe', async () => {
    execFileSync('mkfifo', [cache]);
    assert.match((await help()).stdout, /koubou list/);
  });

  it('lies in no folder that a variable names, as a project may bring that', () => {
    const nowhere = join(root, 'none');
    const folderIn = (loader: string): string => {
      const program = `process.stdout.write(require(${JSON.stringify(loader)}).cacheFolder(${JSON.stringify(nowhere)}))`;
      const environment = { HOME: '/project', XDG_CACHE_HOME: '/project/.cache' };
      return execFileSync(process.execPath, ['-e', program], { env: environment, encoding: 'utf8' });
    };
    const loader = join(root, 'bin/load.js');
    assert.equal(folderIn(loader), join(userInfo().homedir, '.cache', 'koubou'));
    const planted = join(root, 'bin/planted.js');
    const from = "require('os').userInfo().homedir";
    const text = readFileSync(loader, 'utf8');
    assert.equal(text.split(from).length, 2);
    writeFileSync(planted, text.replace(from, "require('os').homedir()"));
    assert.equal(folderIn(planted), '/project/.cache/koubou');
  });
});
