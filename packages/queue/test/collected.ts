import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Resolves when all of them are collected; rejects when some never are. */
export async function collected(refs: readonly WeakRef<object>[]): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    await setImmediate(); // a WeakRef keeps what it showed until the turn ends
    collectGarbage();
    if (refs.every((ref) => ref.deref() === undefined)) return;
  }
  throw new Error(`${refs.filter((ref) => ref.deref() !== undefined).length} of ${refs.length} are still referenced`);
}
