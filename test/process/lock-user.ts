/** Adds to a number in a file, `COUNT` times under a lock, and dies with it in hand where `dies` is said. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { tryLock } from '../../src/process/lock.ts';

const [path = '', count = '0', dies] = process.argv.slice(2);
for (let done = 0; done < Number(count); ) {
  const lock = tryLock(path);
  if (!lock.held) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    continue;
  }
  const number = Number(readFileSync(`${path}-number`, 'utf8'));
  appendFileSync(`${path}-turns`, `+${process.pid}\n`);
  await new Promise((resolve) => setImmediate(resolve));
  writeFileSync(`${path}-number`, `${number + 1}`);
  done += 1;
  if (dies === 'dies' && done === Number(count)) process.kill(process.pid, 'SIGKILL');
  appendFileSync(`${path}-turns`, `-${process.pid}\n`);
  lock.release();
}
