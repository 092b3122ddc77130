/** Preloaded into a server under test (with --expose-gc): asked by IPC, it collects garbage and tells what is left. */
process.on('message', (message) => {
  if (message !== 'heap') return;
  globalThis.gc?.();
  process.send?.({ heapUsed: process.memoryUsage().heapUsed });
});
// The channel alone must not keep the server alive.
process.channel?.unref();
