export {
  deadLetterReasons,
  letterIdOf,
  type DeadLetter,
  type DeadLetterReason,
  type DeadLetterSink,
  type DeadLetterStore,
  type Page,
} from './dead-letter.ts';
export { createMemoryStore, DEAD_LETTER_MAX, openMemoryStore } from './memory-store.ts';
export type { OpenStore, StoreOpenContext } from './open-store.ts';
export type { OpenedStore, ProductReader, ProductWriter, Store } from './store.ts';
