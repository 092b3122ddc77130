export { CLEAN_UP_MS, runBounded, type Bounds, type TestLimits } from './bounds.ts';
export type { Declared, QueueContract, Refusal } from './adapter.ts';
export {
  networkFaults,
  type NetworkFault,
  type NetworkFaults,
  type ServerFaults,
  type StorageFaults,
} from './faults.ts';
export { forkQueue, serveQueue } from './forked-queue.ts';
export { forkProcess, serveProcess, type ForkedProcess, type Served } from './forked-process.ts';
export { eventually, inTime, outcomeOf, rejects, settlesWithin, type Outcome } from './observe.ts';
export type { ForkedQueue, Place, QueueFaults } from './place.ts';
export { everyTest, queueContract, runQueueTest } from './queue-contract.ts';
export { queueTests } from './queue-tests.ts';
export { createRandom, type Random } from './random.ts';
export { scaled } from './scale.ts';
export { refuseBadSkips, skipAll, skipOf, type Skip } from './skips.ts';
export type { QueueTest } from './subject.ts';
export { createTcpProxy, type TcpProxy } from './tcp-proxy.ts';
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
