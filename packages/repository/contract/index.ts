export { forkStore, serveStore } from './forked-store.ts';
export { createModelStore, type ModelStore } from './model-store.ts';
export {
  networkFaults,
  type Declared,
  type ForkedStore,
  type NetworkFault,
  type NetworkFaults,
  type Place,
  type PlaceOptions,
  type Refusal,
  type ServerFaults,
  type StorageFaults,
  type StoreFaults,
} from './place.ts';
export { storeContract, type ErrorTable, type Skip, type StoreContract } from './store-contract.ts';
export { createTcpProxy, type TcpProxy } from './tcp-proxy.ts';
