import type { ProductRecord } from '@product-updates/domain';
import { CodedError } from '@product-updates/errors';
import { createMemoryQueue, type Queue } from '@product-updates/queue';
import { createMemoryStore, type Store } from '@product-updates/repository';
import type { IncomingBody } from '@product-updates/pipeline';
import { type Plan, START_MS, type Window } from './plan.ts';
import type { Random } from './random.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';

/** Steps after which a run is said not to end; the longest that do are far below it. */
const STEPS_MAX = 20_000;

/** What all processes share and no crash touches: time, the broker, the store, and the log of what happened. */
export interface World {
  readonly plan: Plan;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly queue: Queue<IncomingBody>;
  readonly store: Store;
  /** Letter ids, also of letters that somebody removed since. */
  readonly letterIds: Set<string>;
  readonly violations: string[];
  /** What becomes of records on their way into the store: a fault of ours, planted to see that it is found. */
  readonly sabotage: Sabotage;
  /** Faults end here, so that every run can. */
  readonly isHealed: boolean;
  heal(): void;
  sinceMs(): number;
  isWithin(windows: readonly Window[]): boolean;
  /** One step of the story; its digest tells two runs apart. */
  note(what: string): void;
  readonly digest: number;
}

export type Sabotage = (records: readonly ProductRecord[]) => readonly ProductRecord[];

/** How a run is watched, and spoilt. */
export interface Watch {
  /** Hears the story line by line. */
  readonly tell?: (line: string) => void;
  readonly sabotage?: Sabotage;
}

export function createWorld(plan: Plan, random: Random, watch: Watch): World {
  const scheduler = createScheduler({ random, startMs: START_MS, stepsMax: STEPS_MAX });
  let digest = 0;
  let isHealed = false;
  const sinceMs = (): number => scheduler.now() - START_MS;
  return {
    plan,
    random,
    scheduler,
    queue: createMemoryQueue<IncomingBody>({ capacity: plan.capacity, clock: scheduler }),
    store: createMemoryStore({ deadLetterMax: plan.deadLetterMax }),
    letterIds: new Set(),
    violations: [],
    sabotage: watch.sabotage ?? ((records) => records),
    get isHealed() {
      return isHealed;
    },
    heal() {
      isHealed = true;
    },
    sinceMs,
    isWithin: (windows) => windows.some(({ fromMs, toMs }) => sinceMs() >= fromMs && sinceMs() < toMs),
    note(what) {
      digest = (Math.imul(digest, 31) + sinceMs()) | 0;
      for (let i = 0; i < what.length; i += 1) digest = (Math.imul(digest, 31) + what.charCodeAt(i)) | 0;
      watch.tell?.(`${String(sinceMs()).padStart(7)} ms  ${what}`);
    },
    get digest() {
      return digest;
    },
  };
}

export type Call = 'publish' | 'receive' | 'apply' | 'ack' | 'sink';

/** Whose call it is: what a dead process asked for is never answered, though it may still happen. */
export interface Caller {
  readonly name: string;
  readonly isDead: boolean;
}

/**
 * One call over a bad line: late, failing before its effect, after it, or with an effect that comes later still. Of a
 * process that died meanwhile the effect comes or not; the answer never does.
 */
export async function over<T>(world: World, caller: Caller, call: Call, effect: () => Promise<T>): Promise<T> {
  const { random, plan, scheduler } = world;
  const rate = world.isHealed ? 0 : plan.rates[call];
  if (random.chance(plan.rates.delay)) await scheduler.sleep(random.int(0, 40));
  if (caller.isDead && random.chance(0.5)) return never();
  const mishap = random.chance(rate) ? random.pick(['before', 'after', 'late'] as const) : 'none';
  if (mishap === 'before') return fail(world, caller, call, mishap);
  if (mishap === 'late') {
    // Receiving is the one effect that needs somebody to be there.
    if (call !== 'receive') scheduler.schedule(random.int(0, 500), () => void effect().catch(() => undefined));
    return fail(world, caller, call, mishap);
  }
  const result = await effect();
  if (random.chance(plan.rates.delay)) await scheduler.sleep(random.int(0, 40));
  if (caller.isDead) return never();
  if (mishap === 'after') return fail(world, caller, call, mishap);
  return result;
}

function fail(world: World, caller: Caller, call: Call, mishap: string): Promise<never> {
  if (caller.isDead) return never();
  world.note(`${caller.name} ${call} fails (${mishap})`);
  return Promise.reject(new CodedError('unavailable', `${call} failed on purpose (${mishap})`));
}

export function never(): Promise<never> {
  return new Promise(() => undefined);
}
