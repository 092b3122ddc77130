import { expect } from 'chai';
import * as fc from 'fast-check';
import { createChannel, type Channel } from '@product-updates/queue';
import { settled, watch, type Watched } from './outcome.ts';
import { runs } from './scale.ts';

type Step =
  | { readonly do: 'send' | 'trySend' | 'receive' | 'close' | 'settle' }
  | { readonly do: 'receiveMany'; readonly max: number }
  | { readonly do: 'abort'; readonly nth: number };

/** Waits, what it waits for, and what became of it. */
interface Waiting {
  outcome: string;
  readonly value?: number;
  readonly many?: boolean;
}

/** The rules of a channel, said the slow way. */
class ModelChannel {
  readonly inside: number[] = [];
  senders: Waiting[] = [];
  receivers: Waiting[] = [];
  closed = false;
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  send(value: number): Waiting {
    if (this.closed) return { outcome: 'rejected: closed' };
    const waiting: Waiting = { outcome: 'pending', value };
    this.senders.push(waiting);
    this.match();
    return waiting;
  }

  trySend(value: number): boolean | 'throws' {
    if (this.closed) return 'throws';
    if (this.inside.length === this.capacity) return false;
    this.send(value);
    return true;
  }

  receive(max: number | undefined): Waiting {
    const many = max !== undefined;
    if (this.inside.length > 0) {
      const values = this.inside.splice(0, max ?? 1);
      this.match();
      return { outcome: many ? JSON.stringify(values) : JSON.stringify({ done: false, value: values[0] }) };
    }
    const waiting: Waiting = { outcome: 'pending', many };
    this.receivers.push(waiting);
    if (this.closed) this.sendHome();
    return waiting;
  }

  close(): void {
    this.closed = true;
    for (const sender of this.senders) sender.outcome = 'rejected: closed';
    this.senders = [];
    this.sendHome();
  }

  abort(waiting: Waiting): void {
    if (waiting.outcome === 'pending') waiting.outcome = 'rejected: aborted';
    this.senders = this.senders.filter((sender) => sender !== waiting);
    this.receivers = this.receivers.filter((receiver) => receiver !== waiting);
  }

  private match(): void {
    while (this.senders.length > 0 && this.inside.length < this.capacity) {
      const sender = this.senders.shift()!;
      sender.outcome = 'done';
      this.inside.push(sender.value!);
    }
    while (this.receivers.length > 0 && this.inside.length > 0) {
      const receiver = this.receivers.shift()!;
      const value = this.inside.shift()!;
      receiver.outcome = JSON.stringify(receiver.many === true ? [value] : { done: false, value });
    }
  }

  private sendHome(): void {
    if (this.inside.length > 0) return;
    for (const receiver of this.receivers) receiver.outcome = receiver.many === true ? '[]' : '{"done":true}';
    this.receivers = [];
  }
}

interface Call {
  readonly abort: AbortController;
  readonly real: Watched;
  readonly model: Waiting;
}

function runStep(step: Step, value: number, channel: Channel<number>, model: ModelChannel, calls: Call[]): void {
  const abort = new AbortController();
  const { signal } = abort;
  const called = (real: Promise<unknown>, expected: Waiting): void => {
    calls.push({ abort, real: watch(real), model: expected });
  };
  if (step.do === 'send') called(channel.send(value, { signal }), model.send(value));
  else if (step.do === 'receive') called(channel.receive({ signal }), model.receive(undefined));
  else if (step.do === 'receiveMany') called(channel.receiveMany(step.max, { signal }), model.receive(step.max));
  else if (step.do === 'trySend') expect(trySend(channel, value)).to.equal(model.trySend(value));
  else if (step.do === 'close') {
    channel.close();
    model.close();
  } else if (step.do === 'abort') {
    const call = calls[step.nth % Math.max(1, calls.length)];
    call?.abort.abort('aborted');
    if (call !== undefined) model.abort(call.model);
  }
}

function trySend(channel: Channel<number>, value: number): boolean | 'throws' {
  try {
    return channel.trySend(value);
  } catch {
    return 'throws';
  }
}

function roll(dice: fc.Stream<number>): number {
  return (dice.next() as IteratorYieldResult<number>).value;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'send' }) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'trySend' }) },
  { weight: 5, arbitrary: fc.constant<Step>({ do: 'receive' }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('receiveMany' as const), max: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('abort' as const), nth: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'settle' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'close' }) },
);

describe('a channel and its naive model', () => {
  it('agree on every schedule of sends, receives, aborts and a close', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { maxLength: 60, size: 'max' }),
        async (capacity, steps) => {
          const channel = createChannel<number>(capacity);
          const model = new ModelChannel(capacity);
          const calls: Call[] = [];
          for (const [value, step] of steps.entries()) {
            runStep(step, value, channel, model, calls);
            expect(channel.size).to.equal(model.inside.length);
            if (step.do === 'settle') await settled();
          }
          await settled();
          expect(calls.map(({ real }) => real.outcome)).to.deep.equal(calls.map(({ model }) => model.outcome));
        },
      ),
      runs(500, 50_000),
    );
  });

  it('many senders and receivers that lose patience lose and double nothing, and each sender keeps its order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.infiniteStream(fc.nat(9)),
        async (senders, receivers, capacity, dice) => {
          const channel = createChannel<readonly [number, number]>(capacity);
          const sent = Array.from({ length: senders }, (): number[] => []);
          const received = Array.from({ length: receivers }, (): (readonly [number, number])[] => []);
          const patience = (): AbortSignal => {
            const abort = new AbortController();
            if (roll(dice) < 4) void settled().then(() => abort.abort('impatient'));
            return abort.signal;
          };
          const sending = sent.map(async (accepted, sender) => {
            for (let i = 0; i < 20; i++) {
              await channel.send([sender, i], { signal: patience() }).then(
                () => accepted.push(i),
                () => undefined,
              );
            }
          });
          const receiving = received.map(async (taken) => {
            for (let going = true; going;) {
              const max = 1 + roll(dice);
              const values = await channel.receiveMany(max, { signal: patience() }).catch(() => undefined);
              if (values !== undefined) taken.push(...values);
              going = values === undefined || values.length > 0;
            }
          });
          await Promise.all(sending);
          channel.close();
          await Promise.all(receiving);
          for (const [sender, accepted] of sent.entries()) {
            const ofSender = received.map((taken) => taken.filter(([from]) => from === sender).map(([, i]) => i));
            expect(ofSender.flat().toSorted((a, b) => a - b)).to.deep.equal(accepted);
            for (const seen of ofSender) expect(seen).to.deep.equal(seen.toSorted((a, b) => a - b));
          }
        },
      ),
      runs(40, 2000),
    );
  });
});
