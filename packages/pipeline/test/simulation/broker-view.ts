import { CodedError } from '@product-updates/errors';
import type { Consumer, Delivery } from '@product-updates/queue';
import type { IncomingBody } from '@product-updates/pipeline';
import { type Caller, never, over, type World } from './world.ts';

/** A process's consumer of the broker that all share: closing it stops this process's taking, not the broker. */
export interface BrokerView extends Consumer<IncomingBody> {
  readonly unacked: ReadonlySet<Delivery<IncomingBody>>;
  /** Closing it closes the broker too: what waits there still comes out, and nothing more goes in. */
  closesBroker: boolean;
  /** What happens when its process dies: the broker takes back all that was not settled. */
  cut(): void;
}

export function createBrokerView(world: World, caller: Caller): BrokerView {
  const { queue, plan, random } = world;
  const unacked = new Set<Delivery<IncomingBody>>();
  const closing = new AbortController();
  let settled: (() => void) | undefined;
  let leaseLost = 0;

  function settle(deliveries: readonly Delivery<IncomingBody>[]): void {
    for (const delivery of deliveries) unacked.delete(delivery);
    if (unacked.size === 0) settled?.();
  }

  function refuse(what: string): Promise<never> | undefined {
    if (world.isHealed || !world.isWithin(plan.queueOutages)) return undefined;
    world.note(`${caller.name} ${what} meets a queue that is down`);
    return Promise.reject(new CodedError('unavailable', 'the queue is down'));
  }

  async function take(max: number, signal: AbortSignal | undefined): Promise<readonly Delivery<IncomingBody>[]> {
    const signals = signal === undefined ? [closing.signal] : [closing.signal, signal];
    const deliveries = await queue.receive(max, { signal: AbortSignal.any(signals) });
    if (caller.isDead) {
      await queue.nack(deliveries);
      return never();
    }
    for (const delivery of deliveries) unacked.add(delivery);
    return deliveries;
  }

  /** The broker believes that we are gone and hands one of ours out again. */
  function maybeLoseLease(): void {
    const [first] = unacked;
    if (first === undefined || world.isHealed || leaseLost > 8 || !random.chance(plan.rates.lease)) return;
    leaseLost += 1;
    world.note(`${caller.name} loses its lease on one of ${first.key}`);
    unacked.delete(first);
    void queue.nack([first]);
  }

  const view: BrokerView = {
    unacked,
    closesBroker: false,
    async receive(max, { signal } = {}) {
      if (unacked.size + max > plan.options.window) world.violations.push('asks for more than its window');
      await refuse('receive');
      let taken: readonly Delivery<IncomingBody>[] = [];
      try {
        const deliveries = await over(world, caller, 'receive', async () => (taken = await take(max, signal)));
        world.note(`${caller.name} receives ${deliveries.length} of ${max}`);
        return deliveries;
      } catch (error) {
        // They were on their way when the line broke: the broker hands them out again.
        settle(taken);
        await queue.nack(taken);
        if (signal?.aborted === true || !closing.signal.aborted) throw error;
      }
      if (unacked.size > 0) await new Promise<void>((resolve) => (settled = resolve));
      return [];
    },
    async ack(deliveries) {
      await refuse('ack');
      await over(world, caller, 'ack', async () => {
        await queue.ack(deliveries);
        settle(deliveries);
        world.note(`${caller.name} acks ${deliveries.length}`);
      });
      maybeLoseLease();
    },
    async nack(deliveries) {
      settle(deliveries);
      await queue.nack(deliveries);
      world.note(`${caller.name} nacks ${deliveries.length}`);
    },
    close() {
      world.note(`${caller.name} closes`);
      if (view.closesBroker) queue.close();
      else closing.abort(new CodedError('closed', 'this consumer is closed'));
    },
    cut() {
      closing.abort(new CodedError('closed', 'this process is gone'));
      void queue.nack([...unacked]);
      unacked.clear();
    },
  };
  return view;
}
