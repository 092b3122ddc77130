import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '@product-updates/errors';
import { systemClock, Undecodable, type OpenedQueue } from '@product-updates/queue';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { BlockReader } from '../src/block-reader.ts';
import { openLmdbQueue } from '../src/index.ts';
import { createLmdbQueue } from '../src/queue.ts';
import { SettledRecord } from '../src/settled-record.ts';
import { rejects } from '@product-updates/queue/contract';
import { blockOf, bytesCodec, messagesOf, openBytes, textsOf, urlOf } from './bytes.ts';
import { openFaulty } from './faulty-environment.ts';
import { changeTables, temporaryFolder, type RawTables, type TemporaryFolder } from './folder.ts';

describe('damage', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  async function open(): Promise<OpenedQueue<Uint8Array | Undecodable>> {
    return openLmdbQueue(urlOf(folder.path), { codec: bytesCodec, clock: systemClock });
  }
  /** Three blocks, of which the first two messages were acked in part; then the change. */
  async function damaged(change: (tables: RawTables) => void): Promise<void> {
    const { queue } = await openBytes(urlOf(folder.path));
    await queue.publish(messagesOf('a1', 'a2', 'a3'));
    await queue.publish(messagesOf('b1', 'b2'));
    await queue.publish(messagesOf('c1'));
    await queue.ack(await queue.receive(1));
    await queue[Symbol.asyncDispose]();
    await changeTables(folder.path, change);
  }

  it('delivers each message of a block that does not match its checksum, as undecodable, and its neighbours', async () => {
    await damaged(({ blocks }) => flip(blocks, 2, -1));
    await using queue = (await open()).queue;
    expect(await queue.stats()).to.include({ depth: 5 });
    const deliveries = await queue.receive(10);
    expect(deliveries.map(({ body }) => textOf(body))).to.deep.equal(['a2', 'a3', '?b1', '?b\x33', 'c1']);
    expect(deliveries[2]!.body)
      .to.have.nested.property('error.message')
      .that.matches(/damaged/);
    expect(codeOf((deliveries[2]!.body as Undecodable).error)).to.equal('undecodable');
    await queue.ack(deliveries);
    expect(await queue.stats()).to.include({ depth: 0, oldestMs: null });
  });

  it('delivers all bytes as one where a block cannot even be cut into messages', async () => {
    await damaged(({ blocks }) => {
      blocks.put(1, Uint8Array.of(1, 2, 3));
      flip(blocks, 2, 16); // the length of the first key
    });
    await using queue = (await open()).queue;
    expect(await queue.stats()).to.include({ depth: 3, oldestMs: null });
    const deliveries = await queue.receive(10);
    expect(deliveries.map(({ key }) => key)).to.deep.equal(['', '', 'c1']);
    expect([...(deliveries[0]!.body as Undecodable).bytes]).to.deep.equal([1, 2, 3]);
    await queue.ack(deliveries);
    expect(await queue.stats()).to.include({ depth: 0 });
  });

  it('delivers again what a damaged record may have settled', async () => {
    await damaged(({ records }) => flip(records, 1, -1));
    const { queue } = await openBytes(urlOf(folder.path));
    expect(textsOf(await queue.receive(10))).to.deep.equal(['a1', 'a2', 'a3', 'b1', 'b2', 'c1']);
    await queue[Symbol.asyncDispose]();
  });

  it('cleans up what belongs to nothing: a record without a block, a block that is settled', async () => {
    await damaged(({ blocks, records }) => {
      const all = new SettledRecord(2);
      all.settle(0);
      all.settle(1);
      records.put(2, all.bytes());
      blocks.remove(3);
      records.put(3, new SettledRecord(1).bytes());
    });
    const { queue } = await openBytes(urlOf(folder.path));
    expect(textsOf(await queue.receive(10))).to.deep.equal(['a2', 'a3']);
    await queue[Symbol.asyncDispose]();
    let left: number[][] = [];
    await changeTables(folder.path, ({ blocks, records }) => {
      left = [blocks, records].map((table) => [...table.entries()].map(([key]) => key));
    });
    expect(left).to.deep.equal([[1], [1]]);
  });

  it('delivers what it has and then says so, when blocks vanish under an open queue', async () => {
    await damaged(() => undefined);
    const environment = await openFaulty(folder.path);
    await using queue = await createLmdbQueue({
      environment,
      codec: bytesCodec,
      clock: systemClock,
      capacity: 9,
      memoryBytes: 2 ** 21,
    });
    const blocks = environment.numberedTable('blocks');
    await environment.write(() => [2, 3].forEach((key) => blocks.remove(key)));
    expect((await queue.receive(10)).length).to.equal(2);
    const error = await rejects(queue.receive(10), 'misconfigured', 'the next receive');
    expect(error.message).to.match(/damaged/);
  });

  it('rejects what needs the file, when that cannot be read', async () => {
    await damaged(() => undefined);
    const environment = await openFaulty(folder.path);
    await using queue = await createLmdbQueue({
      environment,
      codec: bytesCodec,
      clock: systemClock,
      capacity: 9,
      memoryBytes: 2 ** 21,
    });
    await environment[Symbol.asyncDispose]();
    await rejects(queue.receive(1), 'closed', 'a receive');
    await rejects(queue.stats(), 'closed', 'stats');
  });

  const marks: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
    'is not one': (path) => writeFile(path, 'x'.repeat(28)),
    'is cut': (path) => writeFile(path, 'x'),
    'is missing': async () => undefined,
    'is a folder': (path) => mkdir(path),
    'cannot be written': (path) => symlink('/dev/full', path),
  };
  for (const [what, spoil] of Object.entries(marks)) {
    it(`counts an attempt too low, and delivers, where the file that says how far it handed out ${what}`, async () => {
      await damaged(() => undefined);
      await rm(join(folder.path, 'handed-out'));
      await spoil(join(folder.path, 'handed-out'));
      const { queue } = await openBytes(urlOf(folder.path));
      const deliveries = await queue.receive(10);
      expect(deliveries.map(({ attempt }) => attempt)).to.deep.equal([1, 1, 1, 1, 1]);
      await queue[Symbol.asyncDispose]();
    });
  }

  it('is never taken for what was written, whatever bytes of a block are changed', () => {
    const original = blockOf('one', 'two', 'three');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.nat(original.length),
        (changes, length) => {
          const bytes = Uint8Array.from(original.subarray(0, length));
          for (const [at, change] of changes) if (at < length) bytes[at] = bytes[at]! ^ change;
          const reader = new BlockReader(bytes);
          const same = Buffer.compare(bytes, original) === 0;
          expect(reader.damaged).to.equal(!same);
          for (let i = 0; i < reader.count; i++) reader.next(); // and nothing is read beyond its end
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function flip(table: RawTables['blocks'], key: number, at: number): void {
  const bytes = Uint8Array.from(table.get(key)!);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = bytes[index]! ^ 1;
  table.put(key, bytes);
}

function textOf(body: Uint8Array | Undecodable): string {
  return body instanceof Undecodable ? `?${Buffer.from(body.bytes).toString()}` : Buffer.from(body).toString();
}
