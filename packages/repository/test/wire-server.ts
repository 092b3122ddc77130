import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { ProductRecord } from '@product-updates/domain';
import { CodedError, codeOf } from '@product-updates/errors';
import { createMemoryStore, type DeadLetter, type Page, type Store } from '@product-updates/repository';
import type { FailoverFaults, LockFaults, ServerFaults, StorageFaults } from '@product-updates/repository/contract';
import { takeLines } from './wire-lines.ts';

/** A call and its answer, each a line of JSON. Bytes travel as base64. */
export interface WireCall {
  readonly id: number;
  readonly method: WireMethod;
  readonly argument: unknown;
}
export type WireMethod =
  | 'get'
  | 'getMany'
  | 'apply'
  | 'add'
  | 'list'
  | 'letter'
  | 'remove'
  | 'count'
  | 'highestVersion'
  | 'ping';
export interface WireAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string | undefined; readonly message: string };
}
export type WireLetter = Omit<DeadLetter, 'bytes'> & { readonly bytes: string | null };

/**
 * A memory store behind a socket: the smallest server that can be cut off, killed, stopped and filled, so that the
 * contract's tests of faults are themselves tried without a database. What it stores outlives `kill`, as a disk would.
 */
export interface WireServer extends ServerFaults, StorageFaults, FailoverFaults, LockFaults, AsyncDisposable {
  readonly port: number;
  readonly calls: number;
  readonly connections: number;
}

export async function startWireServer(create: () => Store = createMemoryStore): Promise<WireServer> {
  const methods = methodsOf(create());
  const sockets = new Set<Socket>();
  let server: Server;
  let calls = 0;
  let paused = false;
  let full = false;
  let readOnly = false;
  const held = new Set<string>();

  async function answer(call: WireCall, isReadOnly: boolean): Promise<WireAnswer> {
    calls += 1;
    try {
      if (isReadOnly && !reading.includes(call.method)) throw new CodedError('unavailable', 'the session is read-only');
      if (isHeld(call, held)) throw new CodedError('unavailable', 'somebody else holds it');
      if (full && growing.includes(call.method)) throw new CodedError('unavailable', 'the disk is full');
      return { id: call.id, value: await methods[call.method](call.argument as never) };
    } catch (error) {
      return { id: call.id, error: { code: codeOf(error), message: (error as Error).message } };
    }
  }
  function accept(socket: Socket): void {
    sockets.add(socket);
    const isReadOnly = readOnly;
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    takeLines(socket, (line) => {
      void answer(JSON.parse(line) as WireCall, isReadOnly).then((said) => socket.write(`${JSON.stringify(said)}\n`));
    });
    if (paused) socket.pause();
  }
  async function listen(port: number): Promise<void> {
    server = createServer({ noDelay: true }, accept).listen(port, '127.0.0.1');
    await once(server, 'listening');
  }
  await listen(0);
  const { port } = server!.address() as AddressInfo;
  function endSessions(): void {
    for (const socket of sockets) socket.resetAndDestroy();
  }
  async function becomeReadOnly(): Promise<void> {
    readOnly = true;
    endSessions();
  }
  async function kill(): Promise<void> {
    endSessions();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  }

  return {
    port,
    get calls() {
      return calls;
    },
    get connections() {
      return sockets.size;
    },
    kill,
    start: () => listen(port),
    pause() {
      paused = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      paused = false;
      for (const socket of sockets) socket.resume();
    },
    async fill() {
      full = true;
    },
    async free() {
      full = false;
    },
    readOnly: becomeReadOnly,
    replica: becomeReadOnly,
    async primary() {
      readOnly = false;
    },
    async hold(product_id) {
      held.add(product_id);
      return async () => void held.delete(product_id);
    },
    async [Symbol.asyncDispose]() {
      await kill();
    },
  };
}

type Methods = Record<WireMethod, (argument: never) => Promise<unknown>>;

const growing: readonly WireMethod[] = ['apply', 'add'];
const reading: readonly WireMethod[] = ['get', 'getMany', 'list', 'letter', 'count', 'highestVersion'];

function isHeld({ method, argument }: WireCall, held: ReadonlySet<string>): boolean {
  return method === 'apply' && (argument as ProductRecord[]).some(({ product_id }) => held.has(product_id));
}

function methodsOf({ products, deadLetters, highestVersion, ping }: Store): Methods {
  // One after the other, so that counting and adding are one step.
  let adding: Promise<unknown> = Promise.resolve();
  async function addOne({ letter, max }: { letter: WireLetter; max: number }): Promise<void> {
    const known = await deadLetters.get(letter.id);
    if (known === undefined && (await deadLetters.count()) >= max) throw new CodedError('full', 'the bound is reached');
    await deadLetters.add(fromWire(letter));
  }
  return {
    get: async (id: string) => (await products.get(id)) ?? null,
    getMany: async (ids: string[]) => (await products.getMany(ids)).map((record) => record ?? null),
    apply: (records: ProductRecord[]) => products.apply(records),
    add: (argument: { letter: WireLetter; max: number }) => {
      const added = adding.then(() => addOne(argument));
      adding = added.catch(() => {});
      return added;
    },
    list: async (page: Page) => (await deadLetters.list(page)).map(toWire),
    letter: async (id: string) => {
      const letter = await deadLetters.get(id);
      return letter === undefined ? null : toWire(letter);
    },
    remove: (id: string) => deadLetters.remove(id),
    count: () => deadLetters.count(),
    highestVersion,
    ping,
  };
}

export function toWire(letter: DeadLetter): WireLetter {
  return { ...letter, bytes: letter.bytes === null ? null : Buffer.from(letter.bytes).toString('base64') };
}

export function fromWire(letter: WireLetter): DeadLetter {
  return { ...letter, bytes: letter.bytes === null ? null : new Uint8Array(Buffer.from(letter.bytes, 'base64')) };
}
