/** Run as a process: claims one task, says so, and settles it when told to. */
import fs from 'node:fs';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import { budget, succeeded, takeAll, worker } from '../support/builders.ts';
import { sealOf } from '../support/state.ts';
import { until } from '../support/until.ts';

const [home = '', gate = ''] = process.argv.slice(2);
const queue = new FileQueue({ home, seal: sealOf(home) });
const member = await queue.join(worker());
const claim = await member.claim(takeAll);
if (claim === undefined) throw new Error('nothing to claim');
fs.appendFileSync(claim.scratch.outputPath, 'from the zombie');
fs.writeSync(1, `${JSON.stringify({ workerId: member.workerId, id: claim.id })}\n`);
await until(() => fs.existsSync(gate), 'the word to settle');
const outcome = succeeded(claim, member, { evidence: 'from the zombie' });
fs.writeSync(1, `${JSON.stringify(await member.settle(claim, outcome, budget))}\n`);
