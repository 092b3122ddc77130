export {
  networkFaults,
  type Declared,
  type ForkedQueue,
  type NetworkFault,
  type NetworkFaults,
  type Place,
  type QueueFaults,
  type Refusal,
  type ServerFaults,
  type StorageFaults,
} from './place.ts';
export { queueContract, runQueueTest, type QueueContract, type Skip } from './queue-contract.ts';
export { queueTests } from './queue-tests.ts';
export type { QueueTest } from './subject.ts';
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
