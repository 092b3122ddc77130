import { CodedError, codeOf } from '@product-updates/errors';
import { backoffMs, type Clock } from '@product-updates/queue';
import type { CreateLink, Link } from './link.ts';
import { isReadOnly, translate } from './errors.ts';
import { withinTime } from './time-limit.ts';

/** A connection that comes back: when it breaks another is made, with a growing pause between the tries, until it is disposed. */
export interface Connection extends AsyncDisposable {
  /**
   * Everything that `work` sends has one time-out together. When it passes, the call rejects `unavailable` and the
   * connection is given up with all that waits on it: what comes late finds nobody. While there is none, calls reject at
   * once with the reason: nothing waits for a connection.
   */
  call<T>(work: (link: Link) => Promise<T>): Promise<T>;
  /** Waits for the calls under way, each of which has its time-out; later ones reject `closed`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ConnectionOptions {
  readonly create: CreateLink;
  /** Whether this server may be used: asked on every new connection, for another one may answer than before. */
  readonly prepare: (link: Link) => Promise<void>;
  /** For a call; connecting and preparing have as much together, and at least a second, for no call waits for them. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'schedule'>;
}

const RETRY_BASE_MS = 25;
const RETRY_MAX_MS = 1000;
const CONNECT_MIN_MS = 1000;

/** Rejects with our code when the first try fails. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const connection = new LastingConnection(options);
  await connection.connect();
  return connection;
}

class LastingConnection implements Connection {
  readonly #options: ConnectionOptions;
  /** The one in use; none while another is being made. */
  #link: Link | undefined;
  /** The one that is being made. */
  #next: Link | undefined;
  /** Why there is none. */
  #failure: unknown;
  #reconnecting: Promise<void> | undefined;
  #endPause = (): void => {};
  #underWay = 0;
  #onIdle = (): void => {};
  #closed: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  async connect(): Promise<void> {
    const { create, prepare, timeoutMs, clock } = this.#options;
    let broken = false;
    const link = create((error) => {
      broken = true;
      this.#lose(link, error);
    });
    this.#next = link;
    try {
      await withinTime(
        clock,
        Math.max(timeoutMs, CONNECT_MIN_MS),
        link.connect().then(() => prepare(link)),
      );
    } catch (error) {
      link.destroy();
      throw translate(error);
    } finally {
      this.#next = undefined;
    }
    if (broken) throw new CodedError('unavailable', 'the connection to Redis broke as soon as it was made');
    if (this.#closed === undefined) this.#link = link;
    else link.destroy();
  }

  async call<T>(work: (link: Link) => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) throw new CodedError('closed', 'the store is closed');
    const link = this.#link;
    if (link === undefined) throw noConnection(this.#failure);
    const { timeoutMs, clock } = this.#options;
    this.#underWay += 1;
    try {
      return await withinTime(clock, timeoutMs, work(link), (late) => this.#lose(link, late));
    } catch (error) {
      if (isReadOnly(error)) this.#lose(link, error);
      throw translate(error);
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#onIdle();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#endPause();
    this.#next?.destroy();
    await this.#reconnecting;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    if (this.#underWay > 0) await idle;
    this.#link?.destroy();
  }

  /** Told of one that was given up before, or that is not yet in use, it only lets go of that one. */
  #lose(link: Link, error: unknown): void {
    link.destroy();
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#failure = translate(error);
    if (this.#closed === undefined) this.#reconnecting = this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    for (let attempt = 1; this.#link === undefined && this.#closed === undefined; attempt++) {
      await this.#pause(backoffMs({ attempt, baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }));
      if (this.#closed !== undefined) return;
      try {
        await this.connect();
      } catch (error) {
        this.#failure = error;
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(ms, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Each caller gets an error of its own, with the reason why there is no connection as its cause. */
function noConnection(failure: unknown): CodedError {
  return new CodedError(codeOf(failure) ?? 'unavailable', 'there is no connection to Redis', { cause: failure });
}
