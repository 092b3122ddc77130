import { noHeaders, systemClock, type Codec, type Message } from '@product-updates/queue';
import { rejects } from '@product-updates/queue/contract';
import { expect } from 'chai';
import { openLmdbQueue } from '../src/index.ts';
import { messagesOf, openBytes, textsOf, urlOf } from './bytes.ts';
import { temporaryFolder } from './folder.ts';

const KiB = 2 ** 10;

/** Messages of a kibibyte each. */
function kibibytes(count: number): readonly Message<Uint8Array>[] {
  return Array.from({ length: count }, () => ({ key: 'key', body: new Uint8Array(KiB), headers: noHeaders }));
}

describe('a publish', () => {
  it('leaves nothing of itself where its last message is too large, among others of the same turn', async () => {
    await using folder = await temporaryFolder();
    const { queue } = await openBytes(urlOf(folder.path));
    const tooLarge: Message<Uint8Array> = { key: 'key', body: new Uint8Array(KiB ** 2 + 1), headers: noHeaders };
    const before = queue.publish(messagesOf('before'));
    const refused = [
      queue.publish([...messagesOf('refused'), tooLarge]),
      queue.publish([...kibibytes(200), { ...tooLarge, body: new Uint8Array(1), key: 'k'.repeat(513) }]),
    ];
    const after = queue.publish(messagesOf('after'));
    for (const publish of refused) await rejects(publish, 'invalid', 'too large');
    await Promise.all([before, after]);
    expect(textsOf(await queue.receive(10))).to.deep.equal(['before', 'after']);
    await queue[Symbol.asyncDispose]();
  });

  it('goes on after one of which nothing was taken, alone in its turn', async () => {
    await using folder = await temporaryFolder();
    const codec: Codec<string> = {
      encode(text) {
        if (text === 'bad') throw new Error('cannot be written');
        return Buffer.from(text);
      },
      decode: (bytes) => Buffer.from(bytes).toString(),
    };
    const { queue } = await openLmdbQueue(urlOf(folder.path), { codec, clock: systemClock });
    const message = (body: string): Message<string> => ({ key: 'key', body, headers: noHeaders });
    let error: unknown;
    await queue.publish([message('good'), message('bad')]).catch((reason: unknown) => (error = reason));
    expect(String(error)).to.contain('cannot be written');
    expect(await queue.stats()).to.include({ depth: 0 });
    await queue.publish([message('good')]);
    expect((await queue.receive(10)).map(({ body }) => body)).to.deep.equal(['good']);
    await queue[Symbol.asyncDispose]();
  });

  it('is answered before what came after it in the same turn, where both are more than one commit shall have', async () => {
    await using folder = await temporaryFolder();
    const { queue } = await openBytes(urlOf(folder.path));
    const first = queue.publish(kibibytes(600)).then(() => queue.stats());
    const second = queue.publish(kibibytes(600)).then(() => queue.stats());
    expect((await first).depth).to.equal(600);
    expect((await second).depth).to.equal(1200);
    await queue[Symbol.asyncDispose]();
  });
});
