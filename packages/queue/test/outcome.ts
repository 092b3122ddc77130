import { setImmediate } from 'node:timers/promises';
import { codeOf } from '@product-updates/errors';

/** What became of a promise, as text that compares well; `pending` until `settled` was awaited and it has. */
export interface Watched {
  outcome: string;
}

export function watch(promise: Promise<unknown>): Watched {
  const watched: Watched = { outcome: 'pending' };
  promise.then(
    (value) => {
      watched.outcome = value === undefined ? 'done' : JSON.stringify(value);
    },
    (error: unknown) => {
      watched.outcome = `rejected: ${codeOf(error) ?? String(error)}`;
    },
  );
  return watched;
}

/** When everything that can settle has. */
export async function settled(): Promise<void> {
  await setImmediate();
}

/** The code of the rejection; fails when there is none. */
export async function rejection(promise: Promise<unknown>): Promise<string> {
  const watched = watch(promise);
  await promise.catch(() => undefined);
  await settled();
  if (!watched.outcome.startsWith('rejected: ')) throw new Error(`it resolved: ${watched.outcome}`);
  return watched.outcome.slice('rejected: '.length);
}
