import type { Clock } from '@product-updates/queue';

/** When a shutdown was asked for, and how long each part of it may take. */
export interface Shutdown {
  /** Resolves when somebody asks. */
  readonly asked: Promise<void>;
  /** Fires after half the time: requests that are not finished then are cut, so that the lanes keep the other half. */
  readonly requestsOver: AbortSignal;
  /** Fires when the time is over. */
  readonly over: AbortSignal;
  /** Starts the time; asking again changes nothing. */
  ask(): void;
  /** Ends the time now. */
  hurry(): void;
  /** Lets go of the timers. */
  settle(): void;
}

export function createShutdown(clock: Clock, timeoutMs: number): Shutdown {
  const requests = new AbortController();
  const all = new AbortController();
  let timers: (() => void)[] | undefined;
  let answer = (): void => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });

  function ask(): void {
    timers ??= [clock.schedule(timeoutMs / 2, () => requests.abort()), clock.schedule(timeoutMs, () => all.abort())];
    answer();
  }

  return {
    asked,
    requestsOver: requests.signal,
    over: all.signal,
    ask,
    hurry() {
      ask();
      requests.abort();
      all.abort();
    },
    settle() {
      for (const cancel of timers ?? []) cancel();
    },
  };
}
