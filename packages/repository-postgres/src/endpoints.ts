import type { PgTls } from './client.ts';
import { isWithoutTls } from './errors.ts';

/** One way to a server. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly ssl: false | PgTls;
  /** Only tried where the endpoint before it, the same server with TLS, was answered that the server has none. */
  readonly onlyWithoutTls: boolean;
}

/**
 * The endpoints in the order of the URL, of which one is used for new connections until it fails. As libpq with
 * `target_session_attrs=read-write`, but across calls: what a dead or read-only server cost one call is not paid by the
 * next one.
 */
export class Endpoints {
  readonly #all: readonly [Endpoint, ...Endpoint[]];
  #at = 0;

  constructor(all: readonly [Endpoint, ...Endpoint[]]) {
    this.#all = all;
  }

  get count(): number {
    return this.#all.length;
  }

  get current(): Endpoint {
    return this.#all[this.#at] ?? this.#all[0];
  }

  /** It could not be connected to: the next new connection goes to the next one, if there is another. */
  failed(endpoint: Endpoint, error: unknown): void {
    if (endpoint !== this.current) return; // known already
    const hasNoTls = isWithoutTls(error);
    do this.#at = (this.#at + 1) % this.#all.length;
    while (this.current.onlyWithoutTls && !hasNoTls);
  }

  /** It takes no writes: the next new connection goes to the next server, if there is another. */
  notPrimary({ host, port }: Endpoint): void {
    const isThere = (other: Endpoint): boolean => other.host === host && other.port === port;
    if (!isThere(this.current)) return; // known already
    const inTurn = [...this.#all.slice(this.#at), ...this.#all.slice(0, this.#at)];
    const next = inTurn.find((other) => !isThere(other) && !other.onlyWithoutTls);
    if (next !== undefined) this.#at = this.#all.indexOf(next);
  }
}
