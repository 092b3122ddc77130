import { connect } from 'node:net';
import type { ProductRecord, Version } from '@product-updates/domain';
import { CodedError, errorCodes } from '@product-updates/errors';
import type { DeadLetter, OpenedStore, Page } from '@product-updates/repository';
import { takeLines } from './wire-lines.ts';
import { fromWire, toWire, type WireAnswer, type WireCall, type WireLetter, type WireMethod } from './wire-server.ts';

/** What a defective client does wrong; each must be noticed by a test of the contract. */
export interface Defects {
  readonly neverTimesOut?: boolean;
  readonly forgetsConnections?: boolean;
  readonly outageIsUndefined?: boolean;
  readonly neverReconnects?: boolean;
  readonly resolvesUnanswered?: boolean;
  readonly sendsOneByOne?: boolean;
  readonly keepsReadOnlySessions?: boolean;
}

interface WireOptions {
  readonly port: number;
  readonly timeoutMs: number;
  readonly deadLetterMax: number;
  readonly defects?: Defects;
}

/** The client of `startWireServer`: one connection, opened when it is needed, given up with the first call that fails. */
export async function openWireStore(options: WireOptions): Promise<OpenedStore> {
  const { call, close } = createCaller(options);
  const apply = (records: readonly ProductRecord[]): Promise<ProductRecord[]> =>
    call<ProductRecord[]>('apply', records);
  const store = {
    products: {
      get: async (id: string) => (await call<ProductRecord | null>('get', id)) ?? undefined,
      getMany: async (ids: readonly string[]) => {
        return (await call<(ProductRecord | null)[]>('getMany', ids)).map((record) => record ?? undefined);
      },
      apply: async (records: readonly ProductRecord[]) => {
        if (options.defects?.sendsOneByOne !== true) return apply(records);
        return (await Promise.all(records.map((record) => apply([record])))).flat();
      },
    },
    deadLetters: {
      add: async (letter: DeadLetter) => {
        await call('add', { letter: toWire(letter), max: options.deadLetterMax });
      },
      list: async (page: Page) => (await call<WireLetter[]>('list', page)).map(fromWire),
      get: async (id: string) => {
        const letter = await call<WireLetter | null>('letter', id);
        return letter === null ? undefined : fromWire(letter);
      },
      remove: (id: string) => call<boolean>('remove', id),
      count: () => call<number>('count'),
    },
    highestVersion: () => call<Version>('highestVersion'),
    ping: () => call<void>('ping'),
    [Symbol.asyncDispose]: close,
  };
  return { store, durability: 'disk', description: 'wire' };
}

interface Caller {
  call<T>(method: WireMethod, argument?: unknown): Promise<T>;
  close(): Promise<void>;
}

function createCaller({ port, timeoutMs, defects = {} }: WireOptions): Caller {
  let line: Line | undefined;
  let lastId = 0;
  let closed = false;

  function reconnected(): Line {
    line ??= openLine(port, defects, () => {
      if (defects.neverReconnects !== true) line = undefined;
    });
    return line;
  }

  return {
    async call<T>(method: WireMethod, argument: unknown = null) {
      if (closed) throw new CodedError('closed', 'the store is closed');
      const used = reconnected();
      const late = new CodedError('unavailable', 'no answer in time');
      const timer = setTimeout(() => defects.neverTimesOut === true || used.fail(late), timeoutMs);
      try {
        return (await used.send({ id: ++lastId, method, argument })) as T;
      } catch (error) {
        if (defects.outageIsUndefined === true && method === 'get') return undefined as T;
        if (defects.resolvesUnanswered === true && error === late) return [] as T;
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      closed = true;
      line?.fail(new CodedError('closed', 'the store is closed'));
    },
  };
}

interface Line {
  send(call: WireCall): Promise<unknown>;
  /** Rejects what waits for an answer, and hangs up. */
  fail(error: Error): void;
}

function openLine(port: number, defects: Defects, onFailed: () => void): Line {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let failure: Error | undefined;

  function fail(error: Error): void {
    if (failure !== undefined) return;
    failure = error;
    onFailed();
    if (defects.forgetsConnections !== true) socket.destroy();
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }
  const lost = (cause?: unknown): void => fail(new CodedError('unavailable', 'the connection is lost', { cause }));
  socket.on('error', lost);
  socket.on('end', lost);
  socket.on('close', () => lost());
  takeLines(socket, (text) => {
    const answer = JSON.parse(text) as WireAnswer;
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error === undefined) call?.resolve(answer.value);
    else call?.reject(wireError(answer.error));
    if (answer.error?.message.includes('read-only') === true && defects.keepsReadOnlySessions !== true) lost();
  });

  return {
    fail,
    send: (call) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        waiting.set(call.id, { resolve, reject });
        socket.write(`${JSON.stringify(call)}\n`);
      }),
  };
}

/** What the server said, as one of our errors. */
function wireError({ code, message }: NonNullable<WireAnswer['error']>): Error {
  const known = errorCodes.find((each) => each === code);
  return known === undefined ? new Error(message) : new CodedError(known, message);
}
