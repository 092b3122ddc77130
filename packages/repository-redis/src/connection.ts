import { CodedError, codeOf } from '@product-updates/errors';
import { backoffMs, type Clock, createSteadyNow } from '@product-updates/queue';
import { isConnectionGone, isReadOnly, translate, translateLoss } from './errors.ts';
import type { CreateLink, Link, Wire } from './link.ts';
import { withinTime } from './time-limit.ts';

/** A connection that comes back: when it breaks another is made, with a growing pause between the tries, until it is disposed. */
export interface Connection extends AsyncDisposable {
  /**
   * Everything that `work` sends has one time-out together. When it passes, the call rejects `unavailable` and the
   * connection is given up with all that waits on it: what comes late finds nobody. While there is none, calls reject at
   * once with the reason: nothing waits for a connection.
   */
  read<T>(work: Work<T>): Promise<T>;
  /** The same on the wire for writes. */
  write<T>(work: Work<T>): Promise<T>;
  /** Waits for the calls under way, each of which has its time-out; later ones reject `closed`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export type Work<T> = (wire: Wire) => Promise<T>;

export interface ConnectionOptions {
  readonly create: CreateLink;
  /** Whether this server may be used: asked on every new connection, for another one may answer than before. */
  readonly prepare: (link: Link) => Promise<void>;
  /**
   * Whether it still may be: asked beside a call, in the same round trip, when it was not asked on that wire for a second.
   * The call rejects with the refusal, and the connection is given up.
   */
  readonly checkAgain: (wire: Wire) => Promise<void>;
  /** For a call; connecting and preparing have as much together, and at least a second, for no call waits for them. */
  readonly timeoutMs: number;
  /** The end of the message when a new connection gets no answer in time. */
  readonly whySilent?: string;
  readonly clock: Clock;
}

const RETRY_BASE_MS = 25;
const RETRY_MAX_MS = 1000;
const CONNECT_MIN_MS = 1000;
/** A server that became a replica, or began to evict, is read from for no longer than this. */
const CHECKED_FOR_MS = 1000;

type Way = 'reads' | 'writes';

/** A link, and what is known of it. */
interface Made {
  readonly link: Link;
  /** What ended it: the first error, for the later ones only say that it has ended. */
  failure: unknown;
  /** The last check on each wire. */
  readonly checks: Record<Way, { readonly askedAtMs: number; readonly passed: Promise<void> }>;
}

/** Rejects with our code when the first try fails. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const connection = new LastingConnection(options);
  await connection.connect();
  return connection;
}

class LastingConnection implements Connection {
  readonly #options: ConnectionOptions;
  readonly #nowMs: () => number;
  /** The one in use; none while another is being made. */
  #made: Made | undefined;
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
    this.#nowMs = createSteadyNow(options.clock);
  }

  async connect(): Promise<void> {
    const { create, prepare, timeoutMs, whySilent, clock } = this.#options;
    const checked = { askedAtMs: this.#nowMs(), passed: Promise.resolve() };
    const link = create((error) => this.#lose(made, error));
    const made: Made = { link, failure: undefined, checks: { reads: checked, writes: checked } };
    this.#next = link;
    try {
      await withinTime(
        clock,
        Math.max(timeoutMs, CONNECT_MIN_MS),
        link.connect().then(() => prepare(link)),
        undefined,
        whySilent,
      );
    } catch (error) {
      link.destroy();
      throw made.failure === undefined ? translate(error) : translateLoss(made.failure);
    } finally {
      this.#next = undefined;
    }
    if (made.failure !== undefined) throw connectionBroke(made.failure);
    if (this.#closed === undefined) this.#made = made;
    else link.destroy();
  }

  read<T>(work: Work<T>): Promise<T> {
    return this.#call('reads', work);
  }

  write<T>(work: Work<T>): Promise<T> {
    return this.#call('writes', work);
  }

  async #call<T>(way: Way, work: Work<T>): Promise<T> {
    if (this.#closed !== undefined) throw new CodedError('closed', 'the store is closed');
    const made = this.#made;
    if (made === undefined) throw noConnection(this.#failure);
    const { timeoutMs, clock } = this.#options;
    this.#underWay += 1;
    try {
      const both = Promise.all([work(made.link[way]), this.#check(made, way)]);
      const [answer] = await withinTime(clock, timeoutMs, both, (late) => this.#lose(made, late));
      return answer;
    } catch (error) {
      if (isReadOnly(error)) this.#lose(made, error);
      if (made.failure !== undefined && isConnectionGone(error)) throw connectionBroke(made.failure);
      throw translate(error);
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#onIdle();
    }
  }

  /** Shared by all calls of a second. */
  #check(made: Made, way: Way): Promise<void> {
    const askedAtMs = this.#nowMs();
    if (askedAtMs - made.checks[way].askedAtMs >= CHECKED_FOR_MS) {
      const passed = this.#options.checkAgain(made.link[way]);
      passed.catch((error: unknown) => this.#lose(made, error));
      made.checks[way] = { askedAtMs, passed };
    }
    return made.checks[way].passed;
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
    this.#made?.link.destroy();
  }

  /** Told of one that was given up before, or that is not yet in use, it only lets go of that one. */
  #lose(made: Made, error: unknown): void {
    made.failure ??= error;
    made.link.destroy();
    if (this.#made !== made) return;
    this.#made = undefined;
    this.#failure = translateLoss(error);
    if (this.#closed === undefined) this.#reconnecting = this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    for (let attempt = 1; this.#made === undefined && this.#closed === undefined; attempt++) {
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

/** The same for a call that was under way, and for a connection that was just made. */
function connectionBroke(failure: unknown): CodedError {
  const cause = translateLoss(failure);
  return new CodedError(cause.code, 'the connection to Redis broke', { cause });
}
