/** Prints what koubou costs. `node bench/run.ts [delegate|add|start-latency|drain|wait|worktree …]` */
import { add } from './add.ts';
import { delegate } from './delegate.ts';
import { drain } from './drain.ts';
import type { Row } from './measure.ts';
import { startLatency } from './start-latency.ts';
import { wait } from './wait.ts';
import { worktree } from './worktree.ts';

const benchmarks: Readonly<Record<string, () => Promise<Row[]>>> = {
  delegate,
  add,
  'start-latency': startLatency,
  drain,
  wait,
  worktree,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(benchmarks, name));
if (unknown === undefined) {
  console.log('| what | here | target |\n| --- | --- | --- |');
  for (const [name, run] of Object.entries(benchmarks)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    for (const { what, figure, target } of await run()) console.log(`| ${what} | ${figure} | ${target} |`);
  }
} else {
  console.error(`There is no benchmark "${unknown}": ${Object.keys(benchmarks).join(', ')}`);
  process.exitCode = 2;
}
