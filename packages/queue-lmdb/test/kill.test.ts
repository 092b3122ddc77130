import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { createRandom, scaled } from '@product-updates/queue/contract';
import { expect } from 'chai';
import { openBytes, urlOf } from './bytes.ts';
import { temporaryFolder } from './folder.ts';
import type { Said } from './load-process.ts';

describe('the queue of a process that is killed', () => {
  it('has everything that was published and not acked, in order, and nothing that was acked', async () => {
    await using folder = await temporaryFolder();
    const url = urlOf(folder.path, { capacity: 30_000 });
    const random = createRandom(1);
    const published = new Set<number>();
    /** The process may be killed when an ack is on disk and before it can say so. */
    const acking = new Set<number>();
    const acked = new Set<number>();
    let kills = scaled({ quick: 3, long: 300 });
    for (let firstId = 0; kills > 0; kills--, firstId += 10_000_000) {
      const said = await killedAfter(random.int(400), url, firstId);
      const order = new Order();
      for (const { what, ids } of said) {
        if (what === 'published') for (const id of ids) published.add(id);
        if (what === 'received') order.expect(ids, acked);
        if (what === 'acking') for (const id of ids) acking.add(id);
        if (what === 'acked') for (const id of ids) acked.add(id);
      }
    }
    const { queue } = await openBytes(url);
    const left: number[] = [];
    for (const { depth } = await queue.stats(); left.length < depth;) {
      const deliveries = await queue.receive(10_000);
      left.push(...deliveries.map(({ body }) => Number(Buffer.from(body).toString())));
    }
    await queue[Symbol.asyncDispose]();
    new Order().expect(left, acked);
    for (const id of [...acking, ...left]) published.delete(id);
    expect([...published].slice(0, 10), `${published.size} were lost`).to.deep.equal([]);
    expect(acked.size, 'acked in all').to.be.above(1000);
  }).timeout(scaled({ quick: 60_000, long: 1_200_000 }));
});

/** What the process said; it was killed so many milliseconds after it had opened the queue. */
async function killedAfter(ms: number, url: URL, firstId: number): Promise<readonly Said[]> {
  const module = new URL('load-process.ts', import.meta.url);
  const child = spawn(process.execPath, [...process.execArgv, module.pathname, url.href, `${firstId}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const output = saidBy(child.stdout);
  await Promise.race([output.first, gone]);
  await wait(ms);
  expect(child.exitCode, 'it still ran').to.equal(null);
  child.kill('SIGKILL');
  await gone;
  // The last line may be cut.
  const lines = (await output.all).split('\n').slice(0, -1);
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Said);
}

function saidBy(stream: Readable): { readonly first: Promise<unknown>; readonly all: Promise<string> } {
  const first = once(stream, 'data');
  return { first, all: text(stream) };
}

/** In one life each key comes in the order it was published, which is that of the numbers; of what was acked nothing. */
class Order {
  readonly #last = new Map<number, number>();

  expect(ids: readonly number[], acked: ReadonlySet<number>): void {
    for (const id of ids) {
      expect(acked.has(id), `${id} was acked and came again`).to.equal(false);
      expect(id, 'the order of a key').to.be.above(this.#last.get(id % 3) ?? -1);
      this.#last.set(id % 3, id);
    }
  }
}
