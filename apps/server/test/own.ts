import { whyNoOwnPostgres } from '@product-updates/tooling/own-postgres';
import { whyNoOwnRedis } from '@product-updates/tooling/own-redis';

/** `it` for what starts a server of its own, else a pending test that says why it cannot. */
export const itWithOwnPostgres = itUnless(whyNoOwnPostgres());
export const itWithOwnRedis = itUnless(whyNoOwnRedis());

type It = (title: string, run: Mocha.AsyncFunc) => Mocha.Test;

export function itUnless(missing: string | undefined): It {
  return (title, run) => (missing === undefined ? it(title, run) : it.skip(`${title} (${missing})`));
}
