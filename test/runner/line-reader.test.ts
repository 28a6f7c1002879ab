import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineReader } from '../../src/runner/program/line-reader.ts';

describe('the lines of a file that grows', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'koubou-lines-'));
    file = join(folder, 'lines');
    await writeFile(file, '');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const reading = () => {
    const lines: string[] = [];
    const reader = new LineReader(file);
    return { lines, read: () => reader.read((line) => lines.push(line)) };
  };

  it('come once, when they are whole', async () => {
    const { lines, read } = reading();
    await appendFile(file, 'one\ntw');
    assert.equal(await read(), 6);
    assert.deepEqual(lines, ['one']);
    await appendFile(file, 'o\n\nthrée\n');
    await read();
    assert.deepEqual(lines, ['one', 'two', 'thrée']);
    assert.equal(await read(), 0);
  });

  it('come whole when they are longer than one look', async () => {
    const { lines, read } = reading();
    const long = 'ü'.repeat(400_000);
    await appendFile(file, `${long}\nend\n`);
    await read();
    assert.deepEqual(lines, [long, 'end']);
  });

  it('that are too long are passed over, and the next one comes', async () => {
    const { lines, read } = reading();
    await appendFile(file, `${'x'.repeat(9 * 1024 * 1024)}\nend\n`);
    await read();
    assert.deepEqual(lines, ['end']);
  });
});
