/**
 * Keeps mocha's workers small: a process starts a program in a time that grows with the memory it has (fork copies its
 * page tables), and the tests start many thousands. By themselves workers grow to 600 MB: V8 gives what is young as much
 * room as it likes, and the C library keeps what the 64 kB buffers of streams took. What tests start gets none of it.
 */
const OF_WORKERS = {
  NODE_OPTIONS: '--max-semi-space-size=4',
  // These are glibc's; others do not know them.
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

// Both mocha itself and each worker, when it has started, require this file.
const isWorker = process.env['MOCHA_WORKER_ID'] !== undefined;
for (const [name, value] of Object.entries(OF_WORKERS)) {
  if (!isWorker) process.env[name] ??= value;
  else if (process.env[name] === value) delete process.env[name];
}
