import type { Clock } from '@product-updates/queue';
import type { HoldReason, Holds } from './holds.ts';
import type { Pace } from './pace.ts';

/**
 * Where all lanes wait while something they need is down. Shut by whoever finds out; then about every second exactly one
 * of those who wait is let through to probe, and its success lets all others go on.
 */
export interface Gate {
  readonly isOpen: boolean;
  /**
   * Waits until it is open, or until it is the caller's turn to probe. Who is answered `probe` owes a `failed` or an
   * `open`. Rejects once the pipeline is stopped, as `opened` does.
   */
  pass(): Promise<'open' | 'probe'>;
  /** For those who have nothing to probe with. */
  opened(): Promise<void>;
  /** Does nothing when it is shut already. */
  shut(error: unknown): void;
  /** From who probes: it failed, the next one comes about a second later. */
  failed(error: unknown): void;
  /** From who probes: everybody may go on. */
  open(): void;
}

interface Waiting {
  readonly mayProbe: boolean;
  readonly resolve: (passage: 'open' | 'probe') => void;
  readonly reject: (reason: unknown) => void;
}

export interface GateOptions {
  readonly reason: HoldReason;
  readonly holds: Holds;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly stop: AbortSignal;
}

export function createGate(options: GateOptions): Gate {
  return new PacedGate(options);
}

/** Invariants: nobody waits while it is open; while it is shut, a timer runs, a probe is due, or one is under way. */
class PacedGate implements Gate {
  readonly #options: GateOptions;
  #waiting: Waiting[] = [];
  #isOpen = true;
  /** A probe may go, and nobody was there to take it. */
  #due = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    options.stop.addEventListener('abort', () => this.#giveUp(), { once: true });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  pass(): Promise<'open' | 'probe'> {
    return this.#wait(true);
  }

  async opened(): Promise<void> {
    await this.#wait(false);
  }

  shut(error: unknown): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.holds.enter(this.#options.reason, error);
    this.#scheduleProbe();
  }

  failed(error: unknown): void {
    this.#options.holds.update(this.#options.reason, error);
    this.#scheduleProbe();
  }

  open(): void {
    this.#isOpen = true;
    this.#options.holds.leave(this.#options.reason);
    this.#letAllGo((one) => one.resolve('open'));
  }

  #wait(mayProbe: boolean): Promise<'open' | 'probe'> {
    const { stop } = this.#options;
    if (stop.aborted) return Promise.reject(stop.reason as Error);
    if (this.#isOpen) return Promise.resolve('open');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ mayProbe, resolve, reject });
      this.#sendProbe();
    });
  }

  #scheduleProbe(): void {
    const { clock, pace, stop } = this.#options;
    if (stop.aborted) return;
    this.#cancelTimer = clock.schedule(pace.nextMs(), () => {
      this.#due = true;
      this.#sendProbe();
    });
  }

  #sendProbe(): void {
    const index = this.#due ? this.#waiting.findIndex((one) => one.mayProbe) : -1;
    if (index === -1) return;
    this.#due = false;
    for (const one of this.#waiting.splice(index, 1)) one.resolve('probe');
  }

  #giveUp(): void {
    this.#cancelTimer?.();
    this.#letAllGo((one) => one.reject(this.#options.stop.reason));
  }

  #letAllGo(how: (one: Waiting) => void): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (const one of all) how(one);
  }
}
