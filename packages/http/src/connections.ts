import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { addressGroup } from './client-address.ts';
import { closeGently } from './gentle-close.ts';

/** One connection of a client. */
export interface Connection {
  readonly socket: Socket;
  /** The group of addresses that it comes from. */
  readonly address: string;
  /** The answer that is being made or written. Absent: the connection is idle, or its request has not arrived. */
  current: ServerResponse | undefined;
  /** The answer to the latest request whose head has arrived; equal to `current` unless requests are pipelined. */
  latest: ServerResponse | undefined;
  /** Pipelined requests that wait for the answers before theirs. */
  waiting: Waiting[];
  /** How many bytes had come when it became idle: what came since is a head that has not arrived whole. */
  readBefore: number;
}

type Serve = (req: IncomingMessage, res: ServerResponse) => void;

interface Waiting {
  readonly res: ServerResponse;
  readonly serve: Serve;
}

export interface ConnectionsOptions {
  /** Most pipelined requests that wait, of all connections together. */
  readonly maxWaiting: number;
  readonly onOpen: (connection: Connection) => void;
  readonly onClose: (connection: Connection) => void;
  /** The connection brought more than may wait. */
  readonly onFlood: (connection: Connection) => void;
}

const own: unique symbol = Symbol('connection');
interface TrackedSocket extends Socket {
  [own]?: Connection;
}

/**
 * The open connections of a server. Requests of one connection are served one after the other. Invariant: a connection is in one
 * of the two sets until it is deleted, and in `busy` exactly while it has a `current`.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #idle = new Set<Connection>();
  readonly #busy = new Set<Connection>();
  readonly #onClose: (this: ServerResponse) => void;
  #opened = 0;
  #waiting = 0;
  #ending = false;
  /** Those that wait until the pause is over; absent while there is none. */
  #paused: Connection[] | undefined;

  constructor(server: Server, options: ConnectionsOptions) {
    this.#options = options;
    const finished = (socket: Socket): void => this.#finished(this.of(socket));
    this.#onClose = function onClose() {
      finished(this.req.socket);
    };
    server.on('connection', (socket) => this.#open(socket));
  }

  get size(): number {
    return this.#idle.size + this.#busy.size;
  }

  /** How many there were so far. */
  get opened(): number {
    return this.#opened;
  }

  /** In the order in which they became idle, the longest idle first. */
  get idle(): ReadonlySet<Connection> {
    return this.#idle;
  }

  /** In the order in which their requests began. */
  get busy(): ReadonlySet<Connection> {
    return this.#busy;
  }

  of(socket: TrackedSocket): Connection {
    return socket[own] as Connection;
  }

  /** To be called for each request; it is served now, or when the answers before its own are out. */
  began(req: IncomingMessage, res: ServerResponse, serve: Serve): void {
    // Our side is closed: the client could not be told what came of it.
    if (!req.socket.writable) return;
    const connection = this.of(req.socket);
    connection.latest = res;
    if (connection.current === undefined && this.#paused === undefined) return this.#start(connection, res, serve);
    if (connection.current === undefined) this.#paused?.push(connection);
    this.#wait(connection, { res, serve });
  }

  /** From now on every answer ends its connection. */
  endWithAnswers(): void {
    this.#ending = true;
    for (const { current } of this.#busy) if (current !== undefined) current.shouldKeepAlive = false;
  }

  /** Until `resume`, no request is served. */
  pause(): void {
    this.#paused ??= [];
  }

  resume(): void {
    const held = this.#paused ?? [];
    this.#paused = undefined;
    for (const connection of held) if (connection.current === undefined) this.#next(connection);
  }

  /** Forgets it before its `close` event comes. */
  delete(connection: Connection): void {
    this.#idle.delete(connection);
    this.#busy.delete(connection);
    this.#forgetWaiting(connection);
  }

  #open(socket: TrackedSocket): void {
    // Begun again, see `ignoreUpgrades`.
    if (socket[own] !== undefined) return;
    const address = addressGroup(socket.remoteAddress ?? '');
    const connection: Connection = {
      socket,
      address,
      current: undefined,
      latest: undefined,
      waiting: [],
      readBefore: 0,
    };
    socket[own] = connection;
    // Node calls this behind an answer that ends its connection.
    socket.destroySoon = () => {
      this.#forgetWaiting(connection);
      closeGently(socket);
    };
    // Node resumes it behind each request that has arrived.
    socket.on('resume', () => {
      if (connection.waiting.length > 0) socket.pause();
    });
    socket.once('close', () => {
      this.delete(connection);
      this.#options.onClose(connection);
    });
    this.#idle.add(connection);
    this.#opened += 1;
    this.#options.onOpen(connection);
  }

  #forgetWaiting(connection: Connection): void {
    this.#waiting -= connection.waiting.length;
    connection.waiting = [];
  }

  /** Nothing is read meanwhile: a client cannot make more wait than one read brings. */
  #wait(connection: Connection, request: Waiting): void {
    connection.waiting.push(request);
    connection.socket.pause();
    this.#waiting += 1;
    if (this.#waiting > this.#options.maxWaiting) this.#options.onFlood(connection);
  }

  #start(connection: Connection, res: ServerResponse, serve: Serve): void {
    connection.current = res;
    // Not where it was deleted meanwhile.
    if (this.#idle.delete(connection)) this.#busy.add(connection);
    if (this.#ending) res.shouldKeepAlive = false;
    // It comes behind `finish`. Node listens to that itself, and a second listener would need an array for each answer, which V8
    // puts into the old generation: there it keeps the whole request until the next major collection.
    res.on('close', this.#onClose);
    serve(res.req, res);
  }

  #finished(connection: Connection): void {
    connection.current = undefined;
    connection.readBefore = connection.socket.bytesRead;
    if (this.#busy.delete(connection)) this.#idle.add(connection);
    this.#next(connection);
  }

  #next(connection: Connection): void {
    if (!connection.socket.writable) return;
    const request = connection.waiting.shift();
    if (request === undefined) return;
    this.#waiting -= 1;
    if (connection.waiting.length === 0) connection.socket.resume();
    // Answered while it waited: the rest of it was malformed, or did not come in time. What is refused is not done.
    if (request.res.headersSent || request.res.writableEnded) return;
    this.#start(connection, request.res, request.serve);
  }
}
