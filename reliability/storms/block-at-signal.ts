/** Loaded into a daemon by `node --import`: at SIGUSR2 its event loop is blocked for BLOCK_MS, as by a computation. */
process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env['BLOCK_MS']));
});
