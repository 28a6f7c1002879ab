// node build/release.ts FOLDER: makes the archive of a release in FOLDER from a fresh clone of HEAD, so that nothing
// that only this working tree has gets into it. Publishes nothing; docs/releasing.md says how that is done.

import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { differenceOf, expectedFiles, filesBelow, packInto, run } from './packed-files.ts';

const root = dirname(import.meta.dirname);

function release(destination: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'koubou-release-'));
  try {
    const clone = join(folder, 'clone');
    const head = run('git', ['rev-parse', 'HEAD'], root).stdout.trim();
    run('git', ['clone', '--quiet', '--no-local', '--no-hardlinks', root, clone], folder);
    run('git', ['-c', 'advice.detachedHead=false', 'checkout', '--quiet', head], clone);
    run('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], clone);
    const { archive, unpacked } = packInto(clone, folder);
    const difference = differenceOf(filesBelow(unpacked), expectedFiles(clone));
    if (difference !== '')
      throw new Error(`The package is not what build/packed-files.txt says:\n${difference}`);
    mkdirSync(destination, { recursive: true });
    const kept = join(destination, basename(archive));
    copyFileSync(archive, kept);
    const hash = createHash('sha512').update(readFileSync(kept)).digest('base64');
    console.log(`${kept}\ncommit ${head}\nsha512-${hash}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [destination] = process.argv.slice(2);
if (destination === undefined) {
  console.error('Say where the archive goes: node build/release.ts FOLDER');
  process.exitCode = 2;
} else {
  release(resolve(destination));
}
