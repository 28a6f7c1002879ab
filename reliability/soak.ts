/**
 * A long run with faults: npm run soak -- --minutes 60 [--seed N]. Ends with 1 where a promise was broken or where a
 * daemon grew.
 */
import { parseArgs } from 'node:util';
import { grown } from './soak/grown.ts';
import { soak } from './soak/soak.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error('--minutes wants a number of minutes.');
const report = await soak({ seconds: minutes * 60, seed: Number(values.seed), say: console.log });
const { faults, held, ...rest } = report;
console.log(JSON.stringify({ ...rest, held }, null, 2));
for (const fault of [...faults, ...grown(held, minutes * 60)]) {
  console.error(fault);
  process.exitCode = 1;
}
