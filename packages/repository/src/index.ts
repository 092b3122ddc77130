export {
  deadLetterReasons,
  type DeadLetter,
  type DeadLetterReason,
  type DeadLetterSink,
  type DeadLetterStore,
  type Page,
} from './dead-letter.ts';
export type { OpenedStore, ProductReader, ProductWriter, Store } from './store.ts';
