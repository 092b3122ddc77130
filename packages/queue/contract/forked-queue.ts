import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { CodedError, codeOf, describe, type ErrorCode } from '@product-updates/errors';
import { noHeaders, type Delivery, type OpenedQueue, type Queue } from '../src/index.ts';
import type { ForkedQueue } from './place.ts';

type Request =
  | { readonly id: number; readonly method: 'publish'; readonly argument: Parameters<ForkedQueue['publish']>[0] }
  | { readonly id: number; readonly method: 'receive'; readonly argument: number }
  | { readonly id: number; readonly method: 'ack'; readonly argument: readonly number[] }
  | { readonly id: number; readonly method: 'stop'; readonly argument: null };
type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string; readonly code: ErrorCode | undefined };
type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

/** The `id` of the message by which the child says that it has opened its queue. */
const OPENED = 0;

/**
 * Starts a Node process with a module that calls `serveQueue`; resolves when its queue is open, rejects when it cannot be.
 * The process ends with this one.
 */
export async function forkQueue(options: {
  readonly module: URL;
  readonly args: readonly string[];
}): Promise<ForkedQueue> {
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
    publish: (bodies) => call({ method: 'publish', argument: bodies }),
    receive: (max) => call({ method: 'receive', argument: max }),
    ack: (positions) => call({ method: 'ack', argument: positions }),
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
 * The other side: opens the queue and does what the parent asks, until it is told to stop or the parent is gone. A
 * module for `forkQueue` is one call of this, with what the arguments of the process name.
 */
export async function serveQueue(open: () => Promise<OpenedQueue<Uint8Array>>): Promise<void> {
  const parent = process as unknown as ChildProcess;
  const received: Delivery<Uint8Array>[] = [];
  const answer = (message: Answer): void => {
    // The parent may be gone, then this process ends with the channel.
    parent.send(message, () => {});
  };
  try {
    const { queue } = await open();
    process.on('message', (request) => {
      const { id } = request as Request;
      perform(queue, received, request as Request).then(
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

async function perform(
  queue: Queue<Uint8Array>,
  received: Delivery<Uint8Array>[],
  { method, argument }: Request,
): Promise<unknown> {
  switch (method) {
    case 'publish':
      await queue.publish(argument.map(({ key, body }) => ({ key, body, headers: noHeaders })));
      return null;
    case 'receive': {
      const deliveries = await queue.receive(argument);
      received.push(...deliveries);
      return deliveries.map(({ body }) => body);
    }
    case 'ack':
      await queue.ack(argument.map((position) => deliveryAt(received, position)));
      return null;
    case 'stop':
      await queue[Symbol.asyncDispose]();
      return null;
  }
}

function deliveryAt(received: readonly Delivery<Uint8Array>[], position: number): Delivery<Uint8Array> {
  const delivery = received[position];
  if (delivery === undefined) throw new RangeError(`nothing was received at position ${position}`);
  return delivery;
}

function failure(id: number, error: unknown): Answer {
  return { id, error: describe(error), code: codeOf(error) };
}
