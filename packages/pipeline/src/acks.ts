import type { PipelineObserver } from './observer.ts';

/**
 * Acks that are on their way while their lanes go on with the next batch: what is applied need not wait for the queue to
 * hear of it. The window bounds them, since what is not acked is still held.
 */
export interface Acks {
  add(settled: Promise<void>): void;
  /** Resolves when none is on its way. Never rejects. */
  none(): Promise<void>;
}

export function createAcks(options: {
  readonly observer: Pick<PipelineObserver, 'failed'>;
  readonly stop: AbortSignal;
}): Acks {
  const { observer, stop } = options;
  const underWay = new Set<Promise<void>>();
  return {
    add(settled) {
      const over = settled
        .catch((error: unknown) => {
          if (!stop.aborted) observer.failed('ack', error);
        })
        .finally(() => underWay.delete(over));
      underWay.add(over);
    },
    async none() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
