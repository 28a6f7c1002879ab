// Installs the dependencies when the lock file changed since they were last installed. Runs before anything
// is there, on whatever Node the machine has, so it is plain CommonJS-free JavaScript without dependencies.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.koubou-lock');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('Installing what koubou needs (npm ci) …');
  // By itself npm says nothing for minutes of a registry that it cannot reach.
  const quick = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000', '--fetch-timeout=60000'];
  const { status } = spawnSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit', ...quick], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) {
    console.error('npm ci failed, so nothing was built. Its message stands above.');
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}
