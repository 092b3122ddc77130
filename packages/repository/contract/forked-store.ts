import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { ProductRecord } from '@product-updates/domain';
import { CodedError, codeOf, describe, type ErrorCode } from '@product-updates/errors';
import type { DeadLetter, OpenedStore, Store } from '../src/index.ts';
import type { ForkedStore } from './place.ts';

type Request =
  | { readonly id: number; readonly method: 'apply'; readonly argument: readonly ProductRecord[] }
  | { readonly id: number; readonly method: 'addLetter'; readonly argument: DeadLetter }
  | { readonly id: number; readonly method: 'stop'; readonly argument: null };
type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string; readonly code: ErrorCode | undefined };
type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

/** The `id` of the message by which the child says that it has opened its store. */
const OPENED = 0;

/**
 * Starts a Node process with a module that calls `serveStore`; resolves when its store is open, rejects when it cannot be.
 * The process ends with this one.
 */
export async function forkStore(options: {
  readonly module: URL;
  readonly args: readonly string[];
}): Promise<ForkedStore> {
  const child = fork(options.module, options.args, { serialization: 'advanced' });
  const gone = once(child, 'exit');
  const waiting = new Map<number, Waiting>();
  let lastId = OPENED;

  function answered(answer: Answer): void {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('value' in answer) call?.resolve(answer.value);
    else call?.reject(answer.code === undefined ? new Error(answer.error) : new CodedError(answer.code, answer.error));
  }
  function expectAnswer<T>(id: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
    });
  }
  function call<T>(request: Omit<Request, 'id'>): Promise<T> {
    const id = ++lastId;
    const answer = expectAnswer<T>(id);
    child.send({ ...request, id }, (error) => {
      if (error !== null) answered({ id, error: error.message, code: undefined });
    });
    return answer;
  }

  child.on('message', (answer) => answered(answer as Answer));
  child.on('exit', () => {
    for (const id of waiting.keys()) answered({ id, error: 'the process is gone', code: undefined });
  });
  // Without this, a child that a failed test left behind would keep this process from ending.
  child.unref();
  child.channel?.unref();
  await expectAnswer(OPENED);

  return {
    apply: (records) => call({ method: 'apply', argument: records }),
    addLetter: (letter) => call({ method: 'addLetter', argument: letter }),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      await call({ method: 'stop', argument: null });
      child.disconnect();
      await gone;
    },
  };
}

/**
 * The other side: opens the store and does what the parent asks, until it is told to stop or the parent is gone. A
 * module for `forkStore` is one call of this, with what the arguments of the process name.
 */
export async function serveStore(open: () => Promise<OpenedStore>): Promise<void> {
  const parent = process as unknown as ChildProcess;
  const answer = (message: Answer): void => {
    // The parent may be gone, then this process ends with the channel.
    parent.send(message, () => {});
  };
  try {
    const { store } = await open();
    process.on('message', (request) => {
      const { id } = request as Request;
      perform(store, request as Request).then(
        (value) => answer({ id, value }),
        (error: unknown) => answer(failure(id, error)),
      );
    });
    process.once('disconnect', () => process.exit());
    answer({ id: OPENED, value: null });
  } catch (error) {
    answer(failure(OPENED, error));
    process.disconnect();
  }
}

async function perform(store: Store, { method, argument }: Request): Promise<unknown> {
  switch (method) {
    case 'apply':
      return store.products.apply(argument);
    case 'addLetter':
      await store.deadLetters.add(argument);
      return null;
    case 'stop':
      await store[Symbol.asyncDispose]();
      return null;
  }
}

function failure(id: number, error: unknown): Answer {
  return { id, error: describe(error), code: codeOf(error) };
}
