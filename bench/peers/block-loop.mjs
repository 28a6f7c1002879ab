// Blocks the event loop of the process that imports it for 70 s, once, when the file named by BLOCK_LOOP appears.
import { rmSync, statSync } from 'node:fs';

const timer = setInterval(() => {
  try {
    statSync(process.env.BLOCK_LOOP);
  } catch {
    return;
  }
  rmSync(process.env.BLOCK_LOOP);
  clearInterval(timer);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 70_000);
}, 50);
timer.unref();
