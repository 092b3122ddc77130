import { expect } from 'chai';
import { createMemoryQueue, systemClock } from '@product-updates/queue';
import {
  everyTest,
  queueContract,
  queueTests,
  runQueueTest,
  type QueueContract,
} from '@product-updates/queue/contract';
import { refuseBadDeclaration } from '../contract/queue-contract.ts';
import { spoilt, type Bytes } from './spoilt-queues.ts';

const declared: QueueContract['declared'] = {
  durability: 'none',
  exactDepth: true,
  keepsOrder: true,
  keepsAttempts: true,
  allOrNone: true,
  redeliveryMs: 0,
  timeoutMs: 50,
  recoveryMs: 100,
  runs: { quick: 50, long: 50 },
};

/** A contract for a memory queue that something is wrong with. */
function contractOf(spoil: (queue: Bytes) => Partial<Bytes>): QueueContract {
  return {
    name: 'spoilt',
    declared,
    skip: [],
    async place({ capacity }) {
      const sound = createMemoryQueue<Uint8Array>({ capacity, clock: systemClock });
      const methods: Bytes = {
        publish: (messages) => sound.publish(messages),
        receive: (max, options) => sound.receive(max, options),
        ack: (deliveries) => sound.ack(deliveries),
        nack: (deliveries) => sound.nack(deliveries),
        close: () => sound.close(),
        stats: () => sound.stats(),
        ping: () => sound.ping(),
        [Symbol.asyncDispose]: () => sound[Symbol.asyncDispose](),
      };
      const queue = { ...methods, ...spoil(sound) };
      return {
        open: async () => ({ queue, durability: 'none', description: 'spoilt' }),
        remove: async () => undefined,
        faults: {},
      };
    },
  };
}

async function failureOf(contract: QueueContract, id: string): Promise<string> {
  const test = queueTests.find((test) => test.id === id)!;
  return runQueueTest(contract, test).then(
    () => 'it passed',
    (error: unknown) => String(error),
  );
}

describe('the contract suite', () => {
  for (const { how, id, spoil } of spoilt) {
    it(`${id} notices a queue that ${how}`, async () => {
      expect(await failureOf(contractOf(spoil), id)).to.not.equal('it passed');
      expect(
        await failureOf(
          contractOf(() => ({})),
          id,
        ),
      ).to.equal('it passed');
    }).timeout(30_000);
  }

  it('says how to skip a test whose fault the adapter lacks', async () => {
    const sound = contractOf(() => ({}));
    expect(await failureOf(sound, 'Q8')).to.contain('Q8 needs faults.server: give it, or skip Q8 by name');
    expect(await failureOf(sound, 'Q31.1')).to.contain('Q31.1 needs refusals');
  });

  it('refuses declarations that cannot be meant', () => {
    const sound = contractOf(() => ({}));
    const skip = (test: string, reason = 'a reason'): QueueContract => ({ ...sound, skip: [{ test, reason }] });
    expect(() => queueContract(skip('Q99'))).to.throw('there is no test Q99 to skip');
    expect(() => queueContract(skip('Q5', ''))).to.throw('skipping Q5 needs a reason');
    expect(() => queueContract(skip('Q3'))).to.throw('declares keepsOrder: true, Q3.1 must not be skipped');
    const disordered = { ...sound, declared: { ...declared, keepsOrder: false } };
    expect(() => queueContract(disordered)).to.throw('Q3.1 must be skipped, with the reason');
    const mistyped = { ...sound, declared: { ...declared, durability: 'solid' as 'none' } };
    expect(() => queueContract(mistyped)).to.throw('no such durability: solid');
  });

  it('lets all be skipped, whatever is declared, where the server is not there', () => {
    const skips = everyTest('nobody answers');
    expect(skips.map(({ test }) => test)).to.deep.equal(queueTests.map(({ id }) => id));
    const sound = contractOf(() => ({}));
    expect(() => refuseBadDeclaration({ ...sound, skip: skips })).to.not.throw();
    expect(() => refuseBadDeclaration({ ...sound, skip: skips.slice(1) })).to.throw('must not be skipped');
  });

  it('takes the durability that open answered at its word', async () => {
    const boasting = { ...contractOf(() => ({})), declared: { ...declared, durability: 'disk' as const } };
    expect(await failureOf(boasting, 'Q34')).to.contain('the durability that open answered');
  });
});
