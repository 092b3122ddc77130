import { setImmediate } from 'node:timers/promises';
import { inTime, outcomeOf, TestOver } from './observe.ts';

/** What a test calls ends with the test, and earlier where a call may take only so long: no suite hangs on an adapter that does. */
export interface Bounds {
  /** How the call ends; rejects when the test is over, or after `limitMs`, or so long after the signal fired. */
  call<T>(what: string, work: () => Promise<T>, limits?: CallLimits): Promise<T>;
  /** Ends the test at once, for this reason. */
  fail(why: string): Error;
}

export interface CallLimits {
  /** No limit of its own unless given. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface TestLimits {
  readonly timeoutMs: number;
  /** For disposing what was opened, and for removing the place. */
  readonly cleanUpMs: number;
}

export interface BoundTest {
  readonly run: () => Promise<void>;
  /** All are done, whatever becomes of the others; the first one that fails or hangs fails the test. */
  readonly cleanUp: readonly (readonly [what: string, step: () => unknown])[];
}

/** As long as disposing may wait for calls under way. */
export const CLEAN_UP_MS = 30_000;
/** A call that was aborted has this time to notice. */
const ABORT_MS = 5000;

/** Rejects as the test does, or when it has not ended in time: then with what it waits for. */
export async function runBounded(
  name: string,
  { timeoutMs, cleanUpMs }: TestLimits,
  begin: (bounds: Bounds) => Promise<BoundTest>,
): Promise<void> {
  const bounds = new OpenBounds();
  const timer = setTimeout(() => {
    bounds.fail(`${name} has not ended in ${timeoutMs} ms; it waits for ${bounds.underWay()}`);
  }, timeoutMs);
  let cleanUp: BoundTest['cleanUp'] = [];
  const outcome = await outcomeOf(
    bounds.call('the test', async () => {
      const test = await begin(bounds);
      cleanUp = test.cleanUp;
      await test.run();
    }),
  );
  clearTimeout(timer);
  bounds.fail(`${name} is over`);
  const failures: unknown[] = outcome.ok ? [] : [outcome.error];
  for (const [what, step] of cleanUp) {
    const done = await outcomeOf(inTime(Promise.resolve().then(step), `${name}: ${what}`, cleanUpMs));
    if (!done.ok) failures.push(done.error);
  }
  if (failures.length > 0) throw failures[0];
}

class OpenBounds implements Bounds {
  readonly #underWay = new Map<(error: Error) => void, string>();
  #over: TestOver | undefined;

  call<T>(what: string, work: () => Promise<T>, { limitMs, signal }: CallLimits = {}): Promise<T> {
    const over = this.#over;
    // A loop that goes on in spite of it must not stop all timers.
    if (over !== undefined) return handled(setImmediate().then(() => Promise.reject(over)));
    const outcome = new Promise<T>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const limit = (ms: number, when: string) => (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => finish(() => reject(new Error(`${what} has not settled ${ms} ms ${when}`))), ms);
      };
      const onAbort = limit(ABORT_MS, 'after it was aborted');
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#underWay.delete(end);
        settle();
      };
      const end = (error: Error): void => finish(() => reject(error));
      this.#underWay.set(end, what);
      if (limitMs !== undefined) limit(limitMs, 'after it was called')();
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort);
      let settled: Promise<T>;
      try {
        settled = work();
      } catch (error) {
        settled = Promise.reject(error);
      }
      settled.then(
        (value) => finish(() => resolve(value)),
        (error: unknown) => finish(() => reject(error)),
      );
    });
    return handled(outcome);
  }

  underWay(): string {
    const calls = [...new Set(this.#underWay.values())].filter((what) => what !== 'the test');
    return calls.length === 0 ? 'nothing that it called' : calls.join(', ');
  }

  fail(why: string): Error {
    const over = (this.#over ??= new TestOver(why));
    for (const end of this.#underWay.keys()) end(over);
    return over;
  }
}

/** A test that is over awaits nothing any more: what then rejects must not end the process. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
