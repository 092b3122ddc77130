import { codeOf, describe, type CodedError } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import type { Log } from '@product-updates/telemetry';

/** The variables whose servers may have to be waited for. */
export type Awaited = 'QUEUE_URL' | 'STORE_URL';

/** What the start is at. */
export interface WaitingFor {
  readonly variable: Awaited;
  /** Why the last attempt failed; `null`: none did. */
  readonly error: CodedError | null;
  readonly sinceMs: number;
}

/** Waits for servers that cannot be reached, and for disks that are full. */
export interface Waiting {
  readonly now: WaitingFor;
  /**
   * What the attempt resolves to; while it rejects `unavailable` or `full` it is made again, about once a second and for
   * ever. Any other rejection is passed on: waiting does not mend a wrong setting.
   */
  readonly until: <T>(variable: Awaited, attempt: () => Promise<T>) => Promise<T>;
  /** The start is over: it takes no longer. */
  readonly end: () => void;
}

export interface WaitingOptions {
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Called once, when the start takes long: at the first attempt that failed, or after a second. */
  readonly onLong: () => void;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/** A start with everything there is over by then. */
const LONG_MS = 1000;
/** How far apart attempts are: often enough to be up soon, seldom enough to be no load. */
const ATTEMPT_MS = 1000;
const SAY_AGAIN_MS = 30_000;

export function createWaiting({ clock, log, onLong, random = Math.random }: WaitingOptions): Waiting {
  let now: WaitingFor = { variable: 'STORE_URL', error: null, sinceMs: clock.now() };
  let saidMs: number | undefined;
  let isLong = false;
  const takeLong = (): void => {
    if (!isLong) onLong();
    isLong = true;
  };
  const end = clock.schedule(LONG_MS, takeLong);

  function turnTo(variable: Awaited): void {
    if (variable === now.variable) return;
    now = { variable, error: null, sinceMs: clock.now() };
    saidMs = undefined;
  }

  function say(): void {
    const nowMs = clock.now();
    // A clock that was set back is no reason to keep silent.
    if (saidMs !== undefined && Math.abs(nowMs - saidMs) < SAY_AGAIN_MS) return;
    saidMs = nowMs;
    const { variable, error } = now;
    log.warn({ variable, error: describe(error) }, `waiting for ${variable}: it cannot be used yet`);
  }

  function sayItCame(): void {
    if (now.error === null) return;
    const { variable, sinceMs } = now;
    log.info({ variable, waited_ms: clock.now() - sinceMs }, `${variable} can be used now`);
    now = { ...now, error: null };
    saidMs = undefined;
  }

  async function pause(): Promise<void> {
    // A tenth more or less, so that many processes do not ask in step.
    const delayMs = ATTEMPT_MS * (0.9 + 0.2 * random());
    await new Promise<void>((resolve) => {
      clock.schedule(delayMs, resolve);
    });
  }

  return {
    get now() {
      return now;
    },
    async until(variable, attempt) {
      turnTo(variable);
      for (;;) {
        try {
          const answer = await attempt();
          sayItCame();
          return answer;
        } catch (error) {
          if (!mayPass(error)) throw error;
          now = { ...now, error };
        }
        say();
        takeLong();
        await pause();
      }
    },
    end,
  };
}

function mayPass(error: unknown): error is CodedError {
  const code = codeOf(error);
  return code === 'unavailable' || code === 'full';
}
