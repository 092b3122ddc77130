export type { Abortable } from './abort.ts';
export { backoffMs } from './backoff.ts';
export { createChannel, type Channel } from './channel.ts';
export { systemClock, type Clock } from './clock.ts';
export { inPlace, type BodyRoom, type Codec, type InPlaceCodec } from './codec.ts';
export { createMemoryQueue, openMemoryQueue } from './memory-queue.ts';
export type { OpenQueue, QueueOpenContext } from './open-queue.ts';
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
export { createSteadyNow } from './steady-now.ts';
export { WaitingLine } from './waiting-line.ts';
export { wholeNumberFault } from './whole-number.ts';
export { Undecodable, withCodec } from './with-codec.ts';
export {
  createWorkerPool,
  type GivenBack,
  type LaneStatus,
  type Work,
  type WorkerPool,
  type WorkerPoolOptions,
} from './worker-pool.ts';
