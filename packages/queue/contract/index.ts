export type { Declared, QueueContract, Refusal, Skip } from './adapter.ts';
export {
  networkFaults,
  type ForkedQueue,
  type NetworkFault,
  type NetworkFaults,
  type Place,
  type QueueFaults,
  type ServerFaults,
  type StorageFaults,
} from './place.ts';
export { queueContract, runQueueTest } from './queue-contract.ts';
export { queueTests } from './queue-tests.ts';
export type { QueueTest } from './subject.ts';
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
