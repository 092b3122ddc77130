import { liveService } from '@product-updates/tooling/live-service';
import { whyNoOwnRedis } from '@product-updates/tooling/own-redis';

const live = await liveService('redis');

/** Why tests of the server that all share cannot run. */
export const missing: string | undefined = 'missing' in live ? live.missing : undefined;
/** Why tests cannot have a server of their own. */
export const missingOwn: string | undefined = whyNoOwnRedis();

/** The server that all tests share. Nobody may kill it. */
export function liveUrl(): URL {
  if ('missing' in live) throw new Error(live.missing);
  return new URL(live.url);
}

/** A suite that is skipped for that reason. */
export function describeUnless(reason: string | undefined, title: string, suite: (this: Mocha.Suite) => void): void {
  if (reason === undefined) describe(title, suite);
  else describe.skip(`${title} (${reason})`, suite);
}
