import { forkQueue } from '@product-updates/queue/contract';
import { expect } from 'chai';
import { rejection } from './outcome.ts';

const module = new URL('memory-process.ts', import.meta.url);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('forkQueue and serveQueue', () => {
  it('carries calls, answers and errors with their codes', async () => {
    const child = await forkQueue({ module, args: ['2'] });
    await child.publish([
      { key: 'a', body: bytes('1') },
      { key: 'b', body: Uint8Array.of(0, 255) },
    ]);
    expect(await rejection(child.publish([{ key: 'c', body: bytes('3') }]))).to.equal('full');
    const received = [...(await child.receive(1)), ...(await child.receive(5))];
    expect(received.map((body) => [...body])).to.deep.equal([[49], [0, 255]]);
    await child.ack([1]);
    await child.publish([{ key: 'c', body: bytes('3') }]); // the ack made room
    const beyond = await child.ack([2]).catch((error: unknown) => error);
    expect(String(beyond)).to.contain('nothing was received at position 2');
    await child.stop();
    expect(await child.ack([0]).catch((error: unknown) => error)).to.be.an.instanceOf(Error);
  }).timeout(20_000);

  it('rejects what is under way when the process is killed', async () => {
    const child = await forkQueue({ module, args: ['2'] });
    const receiving = child.receive(1).catch((error: unknown) => error);
    await child.kill();
    expect(await receiving).to.have.property('message', 'the process is gone');
  }).timeout(20_000);

  it('rejects as the opener does', async () => {
    expect(await rejection(forkQueue({ module, args: ['many'] }))).to.equal('misconfigured');
  }).timeout(20_000);
});
