export {
  createTcpProxy,
  networkFaults,
  type NetworkFault,
  type NetworkFaults,
  type ServerFaults,
  type Skip,
  type StorageFaults,
  type TcpProxy,
} from '@product-updates/queue/contract';
export type { Declared, ErrorTable, Refusal, StoreContract } from './adapter.ts';
export { forkStore, serveStore } from './forked-store.ts';
export { createModelStore, type ModelStore } from './model-store.ts';
export type { FailoverFaults, ForkedStore, LockFaults, Place, PlaceOptions, StoreFaults } from './place.ts';
export { everyTest, storeContract } from './store-contract.ts';
