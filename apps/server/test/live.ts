import { liveService, type LiveServiceName } from '@product-updates/tooling/live-service';

/** `it` for what needs that kind of server on this machine, else a pending test that says why. */
export async function itWith(name: LiveServiceName): Promise<(title: string, run: Mocha.AsyncFunc) => Mocha.Test> {
  const service = await liveService(name);
  return (title, run) => ('missing' in service ? it.skip(`${title} (${service.missing})`) : it(title, run));
}
