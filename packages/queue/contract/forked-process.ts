import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { CodedError, codeOf, describe, type ErrorCode } from '@product-updates/errors';

/** Another process of ours that does what it is asked, and holds what it opened until it is killed or stopped. */
export interface ForkedProcess {
  /** Resolves and rejects as the method there does; errors keep their code and their text. */
  call<T>(method: string, argument: unknown): Promise<T>;
  /** SIGKILL; resolves when the process is gone. Calls under way reject. */
  kill(): Promise<void>;
  /** Lets it dispose what it opened and end; resolves when it is gone. */
  stop(): Promise<void>;
}

/** What the other process offers. What goes in and out is copied as `structuredClone` would. */
export interface Served extends AsyncDisposable {
  readonly methods: Readonly<Record<string, (argument: never) => Promise<unknown>>>;
}

interface Request {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}
type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string; readonly code: ErrorCode | undefined };
interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The `id` of the message by which the child says that it has opened what it serves. */
const OPENED = 0;
const STOP = 'stop';

/**
 * Starts a Node process with a module that calls `serveProcess`; resolves when that has opened, rejects when it cannot.
 * The process ends with this one.
 */
export async function forkProcess(options: {
  readonly module: URL;
  readonly args: readonly string[];
}): Promise<ForkedProcess> {
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
  function call<T>(method: string, argument: unknown): Promise<T> {
    const id = ++lastId;
    const answer = expectAnswer<T>(id);
    child.send({ id, method, argument } satisfies Request, (error) => {
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
    call,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      await call(STOP, null);
      child.disconnect();
      await gone;
    },
  };
}

/** The other side: opens, and does what the parent asks until it is told to stop or the parent is gone. */
export async function serveProcess(open: () => Promise<Served>): Promise<void> {
  const parent = process as unknown as ChildProcess;
  const answer = (message: Answer): void => {
    // The parent may be gone, then this process ends with the channel.
    parent.send(message, () => {});
  };
  try {
    const served = await open();
    process.on('message', (message) => {
      const request = message as Request;
      perform(served, request).then(
        (value) => answer({ id: request.id, value }),
        (error: unknown) => answer(failure(request.id, error)),
      );
    });
    process.once('disconnect', () => process.exit());
    answer({ id: OPENED, value: null });
  } catch (error) {
    answer(failure(OPENED, error));
    process.disconnect();
  }
}

async function perform(served: Served, { method, argument }: Request): Promise<unknown> {
  if (method === STOP) return served[Symbol.asyncDispose]();
  return served.methods[method]?.(argument as never);
}

function failure(id: number, error: unknown): Answer {
  return { id, error: describe(error), code: codeOf(error) };
}
