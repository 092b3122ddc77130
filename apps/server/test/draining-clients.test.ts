import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { startServing } from './child.ts';
import { ask } from './client.ts';

const CLIENTS = 32;
const times = process.env['LONG'] === undefined ? 4 : 100;

describe('a SIGTERM', function () {
  this.timeout(times * 30_000);

  for (const [what, path, options] of [
    ['writers', '/events', { method: 'POST', json: { product_id: 'p1', price: 1 } }],
    ['readers', '/products/p1', {}],
  ] as const) {
    it(`cuts none of ${CLIENTS} ${what} that send one request after the other, in ${times} tries`, async () => {
      for (let n = 0; n < times; n += 1) {
        const child = await startServing({});
        let answered = 0;
        const onAnswer = (): void => void (answered += 1);
        const clients = Array.from({ length: CLIENTS }, () => untilUnanswered(child.url + path, options, onAnswer));
        while (answered < CLIENTS * 5) await pause(5);
        child.kill('SIGTERM');
        const ends = await Promise.all(clients);
        // Nobody listens any more: the last request was never sent.
        const refusedAfterClose = Array.from({ length: CLIENTS }, () => ({
          code: 'ECONNREFUSED',
          connection: 'close',
        }));
        expect(ends).to.deep.equal(refusedAfterClose);
        const { code, stdout } = await child.ended;
        expect(code, stdout).to.equal(0);
      }
    });
  }
});

/** Sends one request after the other over a connection that is kept; answers with how that ended, and the answer before it. */
async function untilUnanswered(
  url: string,
  options: Parameters<typeof ask>[2],
  onAnswer: () => void,
): Promise<{ code: string | undefined; connection: string | undefined }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let connection: string | undefined;
  try {
    for (;;) {
      ({ connection } = (await ask(agent, url, options)).headers);
      onAnswer();
    }
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code, connection };
  } finally {
    agent.destroy();
  }
}
