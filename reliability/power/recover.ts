/** Run as a process: what the first daemon does after the power has come back, and a little work. recover.ts HOME */
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import { budgetOf, newTask, succeeded, takeAll, worker } from '../../test/support/builders.ts';
import { machineAhead } from '../../test/support/queue/home.ts';
import { sealOf } from '../../test/support/state.ts';

const home = process.argv[2] ?? '';
let passedMs = 0;
const queue = new FileQueue({ home, seal: sealOf(home), machine: machineAhead(() => passedMs) });
// Until the silence of who worked before the cut is long enough.
for (let sweeps = 0; sweeps < 4; sweeps += 1, passedMs += 10_000) await queue.sweep(budgetOf);
const [added] = await queue.add([newTask({ priority: 10 })]);
const member = await queue.join(worker());
const claim = await member.claim(takeAll);
if (claim === undefined) throw new Error(`${added?.id} cannot be claimed`);
await member.settle(claim, succeeded(claim, member), budgetOf());
await member.leave();
await queue.sweep(budgetOf);
