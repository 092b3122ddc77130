import { setTimeout as wait } from 'node:timers/promises';
import type { OwnServer } from '@product-updates/tooling/own-server';
import type { Child } from '../child.ts';
import { isReady } from './examine.ts';
import { World, type Seen, type WorldOptions } from './world.ts';

/** When a life of the service is ended: most under load, some while it starts, while it recovers, while it drains. */
type End = 'under load' | 'starting' | 'recovering' | 'draining';

/** So long at most a load lasts before a kill. */
const LOAD_MS = 300;
const ALL = Number.POSITIVE_INFINITY;

/** Kills the service so often, over the same data, and checks everything whenever it has come back in peace. */
export async function killService(options: WorldOptions, kills: number): Promise<Seen> {
  await using world = await World.create(options);
  const { seen, random } = world;
  let killedAt: number | undefined;
  let usualStartMs = 500;

  async function live(how: End): Promise<void> {
    const started = performance.now();
    const child = world.start();
    if (how === 'starting') {
      world.clients.resume();
      await wait(random.int(usualStartMs));
    } else {
      if (how === 'recovering') world.clients.resume();
      await world.ready(child);
      usualStartMs = performance.now() - started;
      if (killedAt !== undefined) seen.readyMs.push(performance.now() - killedAt);
      if (how !== 'recovering') await world.check();
      await world.load(LOAD_MS);
      if (how === 'draining') {
        child.kill('SIGTERM');
        await wait(random.int(50));
      }
    }
    killedAt = performance.now();
    await world.kill(child);
    await world.clients.hush();
  }

  await live('under load');
  while (seen.kills < kills && seen.faultCount === 0) await live(endOf(random.int(100)));
  const child = world.start();
  await world.ready(child);
  await end(world, child);
  return seen;
}

function endOf(percent: number): End {
  if (percent < 65) return 'under load';
  if (percent < 80) return 'starting';
  return percent < 90 ? 'recovering' : 'draining';
}

/** Kills the database so often under load while the service lives on, and starts it again. */
export async function killDatabase(options: WorldOptions, database: OwnServer, kills: number): Promise<Seen> {
  await using world = await World.create(options);
  const { seen, random } = world;
  const child = world.start();
  let ended = false;
  void child.ended.then(() => (ended = true));
  await world.ready(child);

  while (seen.kills < kills && seen.faultCount === 0) {
    await world.load(LOAD_MS);
    await database.kill();
    seen.kills += 1;
    await wait(random.int(100));
    while (!ended && (await isReady(world.agent, world.url))) await wait(5);
    await database.start();
    const startedAt = performance.now();
    await world.ready(child);
    seen.readyMs.push(performance.now() - startedAt);
    await world.check();
  }
  await end(world, child);
  return seen;
}

/** Kills the service and its database so often, one shortly after the other, and starts them again in any order. */
export async function killBoth(options: WorldOptions, database: OwnServer, kills: number): Promise<Seen> {
  await using world = await World.create(options);
  const { seen, random } = world;
  const [soon, late] = [20, 500];
  const after = async (upToMs: number, act: () => Promise<void> | void): Promise<void> => {
    await wait(random.int(upToMs));
    await act();
  };
  let child = world.start();
  await world.ready(child);

  while (seen.kills < kills && seen.faultCount === 0) {
    await world.load(LOAD_MS);
    const killed = child;
    await Promise.all([after(soon, () => world.kill(killed)), after(soon, () => database.kill())]);
    const killedAt = performance.now();
    await world.clients.hush();
    await Promise.all([after(late, () => void (child = world.start())), after(late, () => database.start())]);
    await world.ready(child);
    seen.readyMs.push(performance.now() - killedAt);
    await world.check();
  }
  await end(world, child);
  return seen;
}

/** Everything once more, and a peaceful end; neither where something is wrong already. */
async function end(world: World, child: Child): Promise<void> {
  if (world.seen.faultCount > 0) return;
  await world.check(ALL);
  child.kill('SIGTERM');
  const { code, stdout, stderr } = await child.ended;
  if (code !== 0) world.blame([`the service ended with ${code}: ${stdout.slice(-4000)}${stderr}`]);
}
