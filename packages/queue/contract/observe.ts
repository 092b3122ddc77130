import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { codeOf, type ErrorCode } from '@product-updates/errors';
import { expect } from 'chai';
import type { Queue, QueueStats } from '../src/index.ts';

/** What every call of a test rejects with when the test is over. */
export class TestOver extends Error {
  override readonly name = 'TestOver';
}

/** Resolves when `check` does, tried again until the deadline, or until the test is over; then rejects with its last error. */
export async function eventually<T>(deadlineMs: number, check: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (error instanceof TestOver || performance.now() > deadline) throw error;
      await wait(5);
    }
  }
}

/** Expects a rejection with that code, and none that is a bug. */
export async function rejects(promise: Promise<unknown>, code: ErrorCode, what: string): Promise<Error> {
  const outcome = await outcomeOf(promise);
  if (outcome.ok) throw new Error(`${what}: it resolved, a rejection with ${code} was due`);
  expect(outcome.error, what).to.be.an.instanceOf(Error);
  expect(codeOf(outcome.error), `${what}: the code of "${String(outcome.error)}"`).to.equal(code);
  return outcome.error as Error;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly ms: number }
  | { readonly ok: false; readonly error: unknown; readonly ms: number };

/** How a call ended, and after how long. */
export async function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  const start = performance.now();
  try {
    const value = await promise;
    return { ok: true, value, ms: performance.now() - start };
  } catch (error) {
    return { ok: false, error, ms: performance.now() - start };
  }
}

/** Expects the call to end within the time, by an answer or by `unavailable`; says which. */
export async function settlesWithin(
  limitMs: number,
  what: string,
  call: Promise<unknown>,
): Promise<'ok' | 'unavailable'> {
  const outcome = await inTime(outcomeOf(call), what, limitMs);
  if (outcome.ok) return 'ok';
  expect(codeOf(outcome.error), `${what}: ${String(outcome.error)}`).to.equal('unavailable');
  return 'unavailable';
}

const TICK_MS = 25;

/**
 * So many ms in which this process could run its timers: on a machine that does not let it run, they are not counted, as
 * the timers of what is waited for do not run then either.
 */
async function ownTime(ms: number, signal: AbortSignal): Promise<void> {
  for (let left = ms; left > 0; left -= TICK_MS) await wait(Math.min(left, TICK_MS), undefined, { signal });
}

/** What must not hang: rejects when it has not settled by then. */
export async function inTime<T>(promise: Promise<T>, what: string, limitMs = 5000): Promise<T> {
  const abort = new AbortController();
  const late = ownTime(limitMs, abort.signal).then(() => {
    throw new Error(`${what} has not settled in ${limitMs} ms`);
  });
  late.catch(() => undefined); // it is cancelled when the promise was in time
  try {
    return await Promise.race([promise, late]);
  } finally {
    abort.abort();
  }
}

/** Expects these numbers of `stats`: at once where the depth is exact, else within the time. */
export async function statsAre(queue: Queue<unknown>, exact: boolean, expected: Partial<QueueStats>): Promise<void> {
  await eventually(exact ? 0 : 5000, async () => {
    expect(await queue.stats()).to.include(expected);
  });
}

/** Still pending after everything that could settle in this process has. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const settle = (): void => {
    pending = false;
  };
  promise.then(settle, settle);
  await setImmediate();
  return pending;
}

/** Bytes in use after everything that can be collected was. */
export async function bytesInUse(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await setImmediate();
    collectGarbage();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
