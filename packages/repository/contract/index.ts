export type { Declared, ErrorTable, Refusal, Skip, StoreContract } from './adapter.ts';
export { forkStore, serveStore } from './forked-store.ts';
export { createModelStore, type ModelStore } from './model-store.ts';
export {
  networkFaults,
  type ForkedStore,
  type NetworkFault,
  type NetworkFaults,
  type Place,
  type PlaceOptions,
  type ServerFaults,
  type StorageFaults,
  type StoreFaults,
} from './place.ts';
export { everyTest, storeContract } from './store-contract.ts';
export { createTcpProxy, type TcpProxy } from './tcp-proxy.ts';
