import { codeOf } from '@product-updates/errors';
import { noHeaders, Undecodable } from '@product-updates/queue';
import type { IncomingBody } from '@product-updates/pipeline';
import { planOf } from './plan.ts';
import { type Process, startProcess } from './process.ts';
import { createRandom, type Random } from './random.ts';
import { judge } from './verdict.ts';
import { createWorld, over, type Watch, type World } from './world.ts';

/** How one run went. The same seed gives the same, digest included. */
export interface Run {
  readonly seed: number;
  /** Empty when all that must hold held. */
  readonly violations: readonly string[];
  /** Of all that happened, in its order. */
  readonly digest: number;
  readonly updates: number;
  readonly letters: number;
  readonly deaths: number;
  readonly steps: number;
  readonly virtualMs: number;
}

/** From here on nothing fails any more, so that what was begun can end. */
const HEALED_MS = 30_000;

/** Runs one world to its end. */
export async function simulate(seed: number, watch: Watch = {}): Promise<Run> {
  const random = createRandom(seed);
  const plan = planOf(seed, random);
  const world = createWorld(plan, random, watch);
  const crew = createCrew(world);
  try {
    await runToEnd(world, crew, random);
    await judge(world);
  } catch (error) {
    world.violations.push(error instanceof Error ? error.message : String(error));
  }
  return {
    seed,
    violations: world.violations,
    digest: world.digest,
    updates: plan.publishers.flat().length,
    letters: world.letterIds.size,
    deaths: crew.deaths,
    steps: world.scheduler.steps,
    virtualMs: world.sinceMs(),
  };
}

async function runToEnd(world: World, crew: Crew, random: Random): Promise<void> {
  const { plan, scheduler } = world;
  const publishing = Promise.all(plan.publishers.map((bodies, i) => publishAll(world, `publisher ${i}`, bodies)));
  let isPublished = false;
  void publishing.then(() => (isPublished = true));
  for (const { atMs, deadlineMs } of plan.ends) scheduler.schedule(atMs, () => crew.end(deadlineMs));
  scheduler.schedule(HEALED_MS, () => world.heal());
  void clearLetters(world);

  const checked = (isDone: () => boolean) => (): boolean => {
    crew.check();
    return isDone();
  };
  await scheduler.runUntil(checked(() => isPublished));
  const quietMs = scheduler.now() + random.int(0, 3000);
  await scheduler.runUntil(checked(() => scheduler.now() >= quietMs));
  let isDrained = false;
  void crew.drainAll().then(() => (isDrained = true));
  await scheduler.runUntil(checked(() => isDrained));
  if (!isDrained) world.violations.push('stands still before the end');
  // What comes late still comes.
  const lateMs = scheduler.now() + 1000;
  await scheduler.runUntil(() => scheduler.now() >= lateMs);
}

/** Sends them in small groups, each again until the queue has taken it. */
async function publishAll(world: World, name: string, bodies: readonly IncomingBody[]): Promise<void> {
  const { random, scheduler, queue, plan } = world;
  const caller = { name, isDead: false };
  for (let from = 0; from < bodies.length;) {
    if (random.chance(0.7)) await scheduler.sleep(random.int(0, 400));
    const group = bodies.slice(from, from + random.int(1, Math.min(10, plan.capacity)));
    const messages = group.map((body) => ({
      key: body instanceof Undecodable ? 'unreadable' : body.product_id,
      body,
      headers: noHeaders,
    }));
    try {
      await over(world, caller, 'publish', () => queue.publish(messages));
      world.note(`${name} publishes ${group.length}`);
      from += group.length;
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'full' && code !== 'unavailable') throw error;
      await scheduler.sleep(random.int(50, 500));
    }
  }
}

/** Somebody who looks at the dead letters now and then, so that a full sink has room again. */
async function clearLetters({ scheduler, store, plan, note }: World): Promise<void> {
  for (;;) {
    await scheduler.sleep(2500);
    const letters = await store.deadLetters.list({ limit: 10 });
    if (letters.length < plan.deadLetterMax) continue;
    note('somebody clears the dead letters');
    for (const { id } of letters) await store.deadLetters.remove(id);
  }
}

/** The processes that run: whoever dies or is drained is followed by another. */
interface Crew {
  readonly deaths: number;
  /** Ends one of them, by a kill or a drain with this deadline. */
  end(how: number | 'kill'): void;
  /** Resolves when the queue is empty and all have ended by themselves. */
  drainAll(): Promise<void>;
  check(): void;
}

function createCrew(world: World): Crew {
  const { plan, random, scheduler, violations } = world;
  const running = new Set<Process>();
  let started = 0;
  let deaths = 0;
  let isLast = false;
  let drained: () => void = () => undefined;

  function start(): void {
    started += 1;
    const process: Process = startProcess(world, `process ${started}`, () => {
      deaths += 1;
      running.delete(process);
      scheduler.schedule(random.int(0, 500), start);
    });
    running.add(process);
    if (isLast) void drainLast(process);
  }

  async function drainLast(process: Process): Promise<void> {
    const left = await process.drain(undefined, { closesBroker: true });
    if (left > 0) violations.push(`${process.name} left ${left} though it had all the time`);
    running.delete(process);
    if (running.size === 0) drained();
  }

  async function restart(process: Process, deadlineMs: number): Promise<void> {
    running.delete(process);
    await process.drain(deadlineMs);
    start();
  }

  for (let i = 0; i < plan.processes; i += 1) start();
  return {
    get deaths() {
      return deaths;
    },
    end(how) {
      const [process] = running;
      if (process === undefined || isLast) return;
      if (how === 'kill') process.kill();
      else void restart(process, how);
    },
    drainAll() {
      isLast = true;
      for (const process of running) void drainLast(process);
      return new Promise((resolve) => (drained = resolve));
    },
    check() {
      for (const process of running) process.check();
    },
  };
}
