import type { ProductRecord } from '@product-updates/domain';
import { forkProcess, serveProcess } from '@product-updates/queue/contract';
import type { DeadLetter, OpenedStore } from '../src/index.ts';
import type { ForkedStore } from './place.ts';

/**
 * Starts a Node process with a module that calls `serveStore`; resolves when its store is open, rejects when it cannot be.
 * The process ends with this one.
 */
export async function forkStore(options: {
  readonly module: URL;
  readonly args: readonly string[];
}): Promise<ForkedStore> {
  const { call, kill, stop } = await forkProcess(options);
  return {
    apply: (records) => call('apply', records),
    addLetter: (letter) => call('addLetter', letter),
    kill,
    stop,
  };
}

/**
 * The other side: opens the store and does what the parent asks, until it is told to stop or the parent is gone. A
 * module for `forkStore` is one call of this, with what the arguments of the process name.
 */
export function serveStore(open: () => Promise<OpenedStore>): Promise<void> {
  return serveProcess(async () => {
    const { store } = await open();
    return {
      methods: {
        apply: (records: readonly ProductRecord[]) => store.products.apply(records),
        addLetter: (letter: DeadLetter) => store.deadLetters.add(letter),
      },
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  });
}
