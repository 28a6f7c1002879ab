/** The code caches of bin/load.js: a call is right whatever lies there, and they end up with what its command uses. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Module } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { copiedKoubou } from '../support/koubou/copied-koubou.ts';
import { koubou } from '../support/koubou/koubou.ts';

const HEADER = 160;

describe('the code cache', () => {
  let root: string;
  let program: string;
  let folder: string;
  beforeEach(async () => {
    ({ root, program, caches: folder } = await copiedKoubou());
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const help = async (command = 'list'): Promise<string> => {
    const { stdout, stderr, code } = await koubou([command, '--help'], { program });
    assert.deepEqual([code, stderr], [0, '']);
    return stdout;
  };
  const cache = (command = 'list'): string => join(folder, `main.cjs.${command}`);
  const content = (): string => readFileSync(cache(), 'latin1');

  it('is written by the first calls of a command, each for itself, and then only read', async () => {
    const said = await help();
    for (let call = 2; call <= 3; call += 1) assert.equal(await help(), said);
    const { mtimeMs, mode } = statSync(cache());
    assert.equal(mode & 0o777, 0o600);
    assert.equal(await help(), said);
    assert.equal(statSync(cache()).mtimeMs, mtimeMs);
    await help('wait');
    assert.ok(existsSync(cache('wait')));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.new')),
      [],
    );
  });

  it('holds functions that a call compiled when it came to them', async () => {
    await help();
    const source = readFileSync(join(root, 'dist/cli/main.cjs'), 'utf8');
    const atOnce = new Script(Module.wrap(source)).createCachedData().length;
    assert.ok(
      content().length - HEADER > 1.2 * atOnce,
      `${content().length} bytes, ${atOnce} before it runs`,
    );
  });

  it('is made anew where it is of another file', async () => {
    const said = await help();
    const other = '0'.repeat(64) + content().slice(64);
    writeFileSync(cache(), other, 'latin1');
    assert.equal(await help(), said);
    assert.notEqual(content().slice(0, 64), '0'.repeat(64));
  });

  for (const [name, broken] of [
    ['empty', ''],
    ['garbage', 'x'.repeat(10_000)],
    ['cut off', undefined],
  ] as const)
    it(`is made anew where it is ${name}`, async () => {
      const said = await help();
      const whole = content();
      writeFileSync(cache(), broken ?? whole.slice(0, whole.length / 2), 'latin1');
      assert.equal(await help(), said);
      assert.equal(content().slice(0, 64), whole.slice(0, 64));
      assert.ok(content().length > whole.length / 2);
    });

  it('is made anew where a page of it is damaged, which V8 would run until it crashes', async () => {
    const said = await help();
    const whole = readFileSync(cache());
    for (let at = HEADER; at < whole.length; at += Math.ceil(whole.length / 5)) {
      writeFileSync(cache(), Buffer.from(whole).fill(0, at, at + 4096));
      assert.equal(await help(), said);
      assert.notDeepEqual(readFileSync(cache()).subarray(at, at + 4096), Buffer.alloc(4096));
    }
  });

  it('is not in the way of a call where V8 takes none of it', async () => {
    const said = await help();
    const sum = createHash('sha256').update('x'.repeat(1000)).digest('hex');
    const [hash = ''] = content().split(' ');
    writeFileSync(cache(), `${hash} 1 ${sum} `.padEnd(HEADER) + 'x'.repeat(1000), 'latin1');
    assert.equal(await help(), said);
    assert.ok(content().length > HEADER + 1000);
  });

  it('is written though somebody was killed while writing it', async () => {
    await help();
    rmSync(cache());
    writeFileSync(`${cache()}.new`, 'half');
    await help();
    assert.ok(!existsSync(`${cache()}.new`));
    await help();
    assert.ok(existsSync(cache()));
  });

  it('keeps words that are no command in one place, and nothing of a call that failed', async () => {
    for (const word of ['../../escape', 'unknown', '']) {
      const { code } = await koubou([word, '--help'], { program });
      assert.ok(code === 0 || code === 2, `${word}: ${code}`);
    }
    const names = existsSync(folder) ? readdirSync(folder) : [];
    assert.deepEqual(
      names.filter((name) => !name.endsWith('.other')),
      [],
    );
  });

  it('is done without where it cannot be written', async function () {
    if (process.getuid?.() === 0) {
      // Root may write everywhere: a file lies where the folder would be.
      writeFileSync(join(root, 'dist/cli/.cache'), '');
    } else chmodSync(join(root, 'dist/cli'), 0o500);
    try {
      assert.match(await help(), /koubou list/);
    } finally {
      chmodSync(join(root, 'dist/cli'), 0o700);
    }
  });
});
