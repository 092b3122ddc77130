export type { Abortable } from './abort.ts';
export { systemClock, type Clock } from './clock.ts';
export type { Codec } from './codec.ts';
export {
  durabilities,
  noHeaders,
  type Consumer,
  type Delivery,
  type Durability,
  type Headers,
  type Message,
  type OpenedQueue,
  type Publisher,
  type Queue,
  type QueueStats,
} from './queue.ts';
