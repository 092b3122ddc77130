import type { ProductRecord } from '@product-updates/domain';
import { CodedError } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import { type Incoming, type Pipeline, type PipelineObserver, startPipeline } from '@product-updates/pipeline';
import { letterIdOf, type DeadLetter } from '@product-updates/repository';
import { type BrokerView, createBrokerView } from './broker-view.ts';
import { FLOW_MS, LOCK_MS, type StoreOutage } from './plan.ts';
import { type Caller, never, over, type World } from './world.ts';

/** One process: a pipeline and its lines to the broker and the store. It can be killed at any moment. */
export interface Process extends Caller {
  /** Asks it to end, within the deadline where there is one; answers how many were left, never when it is killed. */
  drain(deadlineMs: number | undefined, options?: { readonly closesBroker: boolean }): Promise<number>;
  kill(): void;
  /** What must hold at any moment. */
  check(): void;
}

export function startProcess(world: World, name: string, onDeath: () => void): Process {
  return new SimulatedProcess(world, name, onDeath);
}

class SimulatedProcess implements Process {
  readonly name: string;
  readonly #world: World;
  readonly #onDeath: () => void;
  readonly #view: BrokerView;
  readonly #pipeline: Pipeline;
  readonly #settled = new Set<Incoming>();
  readonly #receivedMs = new Map<Incoming, number>();
  readonly #holds = new Map<string, Set<string>>();
  /** Products in a write of this process. */
  readonly #writing = new Set<string>();
  #received = 0;
  #isDead = false;

  constructor(world: World, name: string, onDeath: () => void) {
    this.#world = world;
    this.name = name;
    this.#onDeath = onDeath;
    this.#view = createBrokerView(world, this);
    this.#pipeline = startPipeline({
      ...world.plan.options,
      consumer: this.#view,
      writer: { apply: (records) => this.#apply(records) },
      deadLetters: { add: (letter) => this.#add(letter) },
      ping: () => this.#ping(),
      clock: this.#clock(),
      random: world.random.next,
      observer: this.#observer(),
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  async drain(deadlineMs: number | undefined, options?: { readonly closesBroker: boolean }): Promise<number> {
    const { note, scheduler, violations } = this.#world;
    this.#view.closesBroker = options?.closesBroker ?? false;
    const deadline = new AbortController();
    if (deadlineMs !== undefined) scheduler.schedule(deadlineMs, () => deadline.abort());
    const left = await this.#pipeline.drain({ signal: deadline.signal });
    note(`${this.name} is drained, ${left} left`);
    if (this.#received - this.#settled.size !== left) violations.push(`${this.name} loses count of what it holds`);
    const isWhole = deadlineMs === undefined;
    const holds = [...this.#holds.keys()].join();
    if (isWhole && holds !== '') violations.push(`${this.name} ends and holds ${holds}`);
    return left;
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#world.note(`${this.name} dies`);
    this.#view.cut();
    this.#onDeath();
  }

  check(): void {
    const { holding, window } = this.#pipeline.status();
    if (holding > window) this.#violate(`holds ${holding} of ${window}`);
  }

  #violate(what: string): void {
    this.#world.violations.push(`${this.name} ${what}`);
  }

  /** The dead do not see time pass. */
  #clock(): Clock {
    const { scheduler } = this.#world;
    return {
      now: () => scheduler.now(),
      schedule: (delayMs, run) => scheduler.schedule(delayMs, () => void (this.#isDead || run())),
    };
  }

  async #apply(records: readonly ProductRecord[]): Promise<readonly ProductRecord[]> {
    const ids = records.map((record) => record.product_id);
    for (const id of ids) {
      if (this.#writing.has(id)) this.#violate(`writes ${id} in two workers`);
      this.#writing.add(id);
    }
    try {
      return await over(this.#world, this, 'apply', () => this.#write(records));
    } finally {
      for (const id of ids) this.#writing.delete(id);
    }
  }

  async #write(records: readonly ProductRecord[]): Promise<readonly ProductRecord[]> {
    const { plan, store, note, isHealed } = this.#world;
    const sinceMs = this.#world.sinceMs();
    const kind = this.#outage();
    const isBusy = !isHealed && records.some(({ product_id }) => plan.isBusy(product_id, sinceMs));
    if (kind === undefined && isBusy && plan.onlyBusy) await this.#world.scheduler.sleep(LOCK_MS);
    const code = kind !== undefined ? outageCodes[kind] : isBusy ? 'unavailable' : plan.faultOf(records, sinceMs);
    note(`${this.name} writes ${records.map((record) => record.product_id).join()}: ${code ?? 'ok'}`);
    if (code === undefined) return store.products.apply(this.#world.sabotage(records));
    if (code === 'bug') throw new TypeError('a bug on purpose');
    if (code === 'killer') {
      this.kill();
      return never();
    }
    throw new CodedError(code, `${code} on purpose`);
  }

  async #ping(): Promise<void> {
    const { plan, random, scheduler } = this.#world;
    if (random.chance(plan.rates.delay)) await scheduler.sleep(random.int(0, 40));
    const kind = this.#outage();
    if (kind === 'hanging') return never();
    if (kind === 'down') throw new CodedError('unavailable', 'the store is down');
    if (kind === 'uncoded') throw new Error('connect EPERM 10.0.0.1:5432');
  }

  #outage(): StoreOutage['kind'] | undefined {
    const { plan, isHealed } = this.#world;
    return isHealed ? undefined : plan.storeOutages.find((window) => this.#world.isWithin([window]))?.kind;
  }

  #add(letter: DeadLetter): Promise<void> {
    const { plan, store, letterIds, note, isHealed } = this.#world;
    return over(this.#world, this, 'sink', async () => {
      if (!isHealed && this.#world.isWithin(plan.sinkOutages)) throw new CodedError('unavailable', 'the sink is down');
      await store.deadLetters.add(letter);
      letterIds.add(letter.id);
      note(`${this.name} dead-letters ${letter.id}: ${letter.reason}`);
    });
  }

  /** While products are busy and nothing else is wrong, the others do not wait for them. */
  #checkFlow(delivery: Incoming): void {
    const { plan, scheduler } = this.#world;
    if (!plan.onlyBusy || plan.isBusy(delivery.key, 0)) return;
    const waitedMs = scheduler.now() - (this.#receivedMs.get(delivery) ?? 0);
    if (waitedMs > FLOW_MS) this.#violate(`settles one of ${delivery.key} after ${waitedMs} ms`);
  }

  #observer(): PipelineObserver {
    const { note } = this.#world;
    return {
      received: (deliveries) => {
        this.#received += deliveries.length;
        for (const delivery of deliveries) this.#receivedMs.set(delivery, this.#world.scheduler.now());
      },
      applied: () => undefined,
      settled: (deliveries, outcome) => {
        note(`${this.name} settles ${deliveries.length} ${outcome}`);
        for (const delivery of deliveries) {
          if (this.#settled.has(delivery)) this.#violate(`settles one of ${delivery.key} twice`);
          this.#settled.add(delivery);
          this.#checkFlow(delivery);
        }
      },
      retried: (deliveries, reason, attempt) =>
        note(`${this.name} retries ${deliveries[0]?.key ?? ''} after ${reason} number ${attempt}`),
      deadLettered: ({ event, id }) => {
        if (event !== null && letterIdOf(event) !== id) this.#violate('names a letter wrongly');
      },
      held: (reason, error) => {
        note(`${this.name} is held by ${reason}: ${error}`);
        const causes = this.#holds.get(reason) ?? new Set();
        if (causes.has(error)) this.#violate(`is held twice by ${reason}: ${error}`);
        this.#holds.set(reason, causes.add(error));
      },
      released: (reason) => {
        note(`${this.name} is released by ${reason}`);
        if (!this.#holds.delete(reason)) this.#violate(`is released by ${reason} which did not hold it`);
      },
      failed: (what, error) => {
        if (what !== 'apply') this.#violate(`has a bug in ${what}: ${String(error)}`);
      },
    };
  }
}

/** What a write is rejected with. */
const outageCodes = {
  down: 'unavailable',
  uncoded: 'bug',
  hanging: 'bug',
  silent: 'unavailable',
  misconfigured: 'misconfigured',
} as const;
