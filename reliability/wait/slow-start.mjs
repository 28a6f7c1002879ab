// Loaded by each koubou of a test (node --import): the one that becomes a worker takes three seconds to start, as on a busy machine.
if (process.argv.includes('work')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
