import type { Clock } from '@product-updates/queue';
import type { Random } from './random.ts';

interface Planned {
  readonly atMs: number;
  /** Orders what is due at the same time: by chance, so that every order is tried. */
  readonly lot: number;
  readonly run: () => void;
  cancelled: boolean;
}

/**
 * Virtual time for a whole world. One planned thing runs at a time, and before the next one all promises that can
 * settle have settled, as between two timers of a real process. Nothing here waits for real time.
 */
export interface Scheduler extends Clock {
  readonly steps: number;
  sleep(delayMs: number): Promise<void>;
  /** Runs until `isDone`, or until nothing is planned. Asked before each step. */
  runUntil(isDone: () => boolean): Promise<void>;
}

export function createScheduler(options: {
  readonly random: Random;
  readonly startMs: number;
  readonly stepsMax: number;
}): Scheduler {
  const { random, startMs, stepsMax } = options;
  const heap: Planned[] = [];
  let now = startMs;
  let steps = 0;

  function schedule(delayMs: number, run: () => void): () => void {
    const planned: Planned = { atMs: now + Math.max(0, delayMs), lot: random.next(), run, cancelled: false };
    push(heap, planned);
    return () => {
      planned.cancelled = true;
    };
  }

  return {
    now: () => now,
    schedule,
    get steps() {
      return steps;
    },
    sleep: (delayMs) => new Promise((resolve) => void schedule(delayMs, resolve)),
    async runUntil(isDone) {
      for (;;) {
        await allSettled();
        if (isDone()) return;
        const next = nextOf(heap);
        if (next === undefined) return;
        steps += 1;
        if (steps > stepsMax) throw new Error(`does not end: ${steps} steps, ${now - startMs} ms`);
        now = next.atMs;
        next.run();
      }
    },
  };
}

function allSettled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function nextOf(heap: Planned[]): Planned | undefined {
  for (let next = pop(heap); next !== undefined; next = pop(heap)) {
    if (!next.cancelled) return next;
  }
  return undefined;
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs === b.atMs ? a.lot < b.lot : a.atMs < b.atMs;
}

function push(heap: Planned[], planned: Planned): void {
  let at = heap.length;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const other = heap[above] as Planned;
    if (!isBefore(planned, other)) break;
    heap[at] = other;
    at = above;
  }
  heap[at] = planned;
}

function pop(heap: Planned[]): Planned | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBefore(heap[below + 1] as Planned, heap[below] as Planned)) below += 1;
    if (!isBefore(heap[below] as Planned, last)) break;
    heap[at] = heap[below] as Planned;
    at = below;
  }
  heap[at] = last;
  return first;
}
