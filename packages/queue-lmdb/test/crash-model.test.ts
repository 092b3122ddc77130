import { codeOf } from '@product-updates/errors';
import { noHeaders, type Delivery, type Message, type Queue } from '@product-updates/queue';
import { scaled } from '@product-updates/queue/contract';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { openBytes, urlOf } from './bytes.ts';
import { temporaryFolder, type TemporaryFolder } from './folder.ts';

const CAPACITY = 3000;

type Command =
  | { readonly do: 'publish'; readonly sizes: readonly number[] }
  | { readonly do: 'receive'; readonly max: number }
  | { readonly do: 'ack' | 'nack'; readonly every: number; readonly from: number }
  | { readonly do: 'crash' | 'restart' };

/** Sizes on both sides of what a block holds: 1,024 messages or 64 KiB. */
const sizes = fc.array(fc.oneof(fc.constantFrom(1, 2, 9), fc.constantFrom(300, 1023, 1024, 1025)), {
  minLength: 1,
  maxLength: 3,
});
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const), sizes }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('receive' as const), max: fc.constantFrom(1, 7, 500, 5000) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom('ack' as const, 'nack' as const),
        every: fc.integer({ min: 1, max: 4 }),
        from: fc.nat(3),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'restart' as const) }) },
  ),
  { maxLength: 25, size: 'max' },
);

interface Known {
  readonly id: number;
  /** In lives that were cut short, and how often it was given back in this one. */
  crashes: number;
  givenBack: number;
  handedOut: boolean;
}

/** The queue against two lists, through crashes and restarts. */
class Trial {
  readonly #folder: TemporaryFolder;
  #queue: Queue<Uint8Array>;
  #waiting: Known[] = [];
  #held = new Map<number, { readonly known: Known; readonly delivery: Delivery<Uint8Array> }>();
  #published = 0;

  private constructor(folder: TemporaryFolder, queue: Queue<Uint8Array>) {
    this.#folder = folder;
    this.#queue = queue;
  }

  static async run(commands: readonly Command[]): Promise<void> {
    await using folder = await temporaryFolder();
    const trial = new Trial(folder, await openAt(folder.path));
    try {
      for (const command of commands) {
        await trial.#perform(command);
        const { depth, unacked } = await trial.#queue.stats();
        expect({ depth, unacked }).to.deep.equal({
          depth: trial.#waiting.length + trial.#held.size,
          unacked: trial.#held.size,
        });
      }
      await trial.#receive(CAPACITY);
    } finally {
      await trial.#queue[Symbol.asyncDispose]();
    }
  }

  async #perform(command: Command): Promise<void> {
    switch (command.do) {
      case 'publish':
        await Promise.all(command.sizes.map((size) => this.#publish(size)));
        break;
      case 'receive':
        await this.#receive(command.max);
        break;
      case 'crash':
        await this.#crash();
        break;
      case 'restart':
        await this.#queue[Symbol.asyncDispose]();
        this.#wakeAfter((known) => known.crashes);
        this.#queue = await openAt(await this.#folder.copy());
        break;
      default:
        await this.#settle(command.do, command.every, command.from);
    }
  }

  async #publish(size: number): Promise<void> {
    const fits = this.#waiting.length + this.#held.size + size <= CAPACITY;
    const first = this.#published;
    const messages = Array.from({ length: size }, (_, i) => messageOf(first + i));
    this.#published += size;
    if (fits) for (const id of messages.keys()) this.#waiting.push(newlyKnown(first + id));
    const error: unknown = await this.#queue.publish(messages).catch((refusal: unknown) => refusal);
    expect(error === undefined ? 'taken' : codeOf(error)).to.equal(fits ? 'taken' : 'full');
  }

  async #receive(max: number): Promise<void> {
    if (this.#waiting.length === 0) return;
    for (let left = max; left > 0 && this.#waiting.length > 0;) {
      const deliveries = await this.#queue.receive(left);
      left -= deliveries.length;
      const expected = this.#waiting.splice(0, deliveries.length);
      expect(deliveries.map(idOf)).to.deep.equal(expected.map(({ id }) => id));
      expect(deliveries.map(({ attempt }) => attempt)).to.deep.equal(
        expected.map(({ crashes, givenBack }) => 1 + crashes + givenBack),
      );
      for (const [i, delivery] of deliveries.entries()) {
        const known = expected[i] as Known;
        known.handedOut = true;
        this.#held.set(known.id, { known, delivery });
      }
    }
  }

  async #settle(how: 'ack' | 'nack', every: number, from: number): Promise<void> {
    const picked = [...this.#held.values()].filter((_, i) => i % every === from % every);
    for (const { known } of picked) this.#held.delete(known.id);
    if (how === 'nack') {
      for (const { known } of picked) known.givenBack++;
      this.#waiting.unshift(...picked.map(({ known }) => known));
    }
    await this.#queue[how](picked.map(({ delivery }) => delivery));
  }

  async #crash(): Promise<void> {
    const left = await this.#folder.copy();
    await this.#queue[Symbol.asyncDispose]();
    this.#wakeAfter((known) => known.crashes + (known.handedOut ? 1 : 0));
    this.#queue = await openAt(left);
  }

  #wakeAfter(crashesOf: (known: Known) => number): void {
    const all = [...this.#waiting, ...[...this.#held.values()].map(({ known }) => known)];
    this.#held = new Map();
    this.#waiting = all
      .toSorted((a, b) => a.id - b.id)
      .map((known) => ({ ...newlyKnown(known.id), crashes: crashesOf(known) }));
  }
}

function newlyKnown(id: number): Known {
  return { id, crashes: 0, givenBack: 0, handedOut: false };
}

async function openAt(folder: string): Promise<Queue<Uint8Array>> {
  const { queue } = await openBytes(urlOf(folder, { capacity: CAPACITY }));
  return queue;
}

/** Every seventh is long, so that blocks end for their bytes too. */
function messageOf(id: number): Message<Uint8Array> {
  const body = Buffer.alloc(id % 7 === 0 ? 500 : 8);
  body.writeUInt32LE(id);
  return { key: `key ${id % 5}`, body, headers: id % 3 === 0 ? { id: `${id}` } : noHeaders };
}

function idOf({ key, body, headers }: Delivery<Uint8Array>): number {
  const id = Buffer.from(body.buffer, body.byteOffset, 4).readUInt32LE();
  expect(key).to.equal(`key ${id % 5}`);
  expect(headers).to.deep.equal(id % 3 === 0 ? { id: `${id}` } : {});
  return id;
}

describe('the queue through crashes and restarts', () => {
  it('delivers in order what was not acked, nothing that was, and counts the crashes of what it had handed out', () =>
    fc.assert(fc.asyncProperty(commands, Trial.run), { numRuns: scaled({ quick: 20, long: 3000 }) })).timeout(600_000);

  it('counts a crash for what was handed out in that life, and for nothing else', async () => {
    await using folder = await temporaryFolder();
    let path = folder.path;
    let queue = await openAt(path);
    await queue.publish(Array.from({ length: 30 }, (_, id) => messageOf(id)));
    for (let life = 1; life <= 20; life++) {
      if (life % 2 === 1) await queue.receive(10); // every second life hands out nothing
      path = await folder.copy();
      await queue[Symbol.asyncDispose]();
      queue = await openAt(path);
    }
    const attempts = (await queue.receive(30)).map(({ attempt }) => attempt);
    expect([...new Set(attempts.slice(0, 10)), ...new Set(attempts.slice(10))]).to.deep.equal([11, 1]);
    await queue[Symbol.asyncDispose]();
  }).timeout(20_000);
});
