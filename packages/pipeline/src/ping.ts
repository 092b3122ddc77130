import { CodedError } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import { PING_TIMEOUT_MS } from './policy.ts';

/** Resolves with what the ping rejected with, `undefined` when it resolved. Those who ask at the same time share one. */
export type Ping = () => Promise<unknown>;

export function createPing({ ping, clock }: { readonly ping: () => Promise<void>; readonly clock: Clock }): Ping {
  let inFlight: Promise<unknown> | undefined;

  async function ask(): Promise<unknown> {
    try {
      await ping();
      return undefined;
    } catch (error) {
      return error ?? new Error('the ping failed and does not say why');
    }
  }

  /** One that never settles is not waited for, and not asked again by those who come later. */
  function bounded(): Promise<unknown> {
    return new Promise((resolve) => {
      const cancel = clock.schedule(PING_TIMEOUT_MS, () =>
        resolve(new CodedError('unavailable', `no answer to a ping within ${PING_TIMEOUT_MS} ms`)),
      );
      void ask().then((failure) => {
        cancel();
        resolve(failure);
      });
    });
  }

  return async () => {
    const mine = (inFlight ??= bounded());
    try {
      return await mine;
    } finally {
      if (inFlight === mine) inFlight = undefined;
    }
  };
}
