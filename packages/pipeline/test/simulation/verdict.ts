import { coalesce, type ProductEvent, type ProductRecord } from '@product-updates/domain';
import { Undecodable } from '@product-updates/queue';
import { letterIdOf } from '@product-updates/repository';
import type { World } from './world.ts';

/** What must hold when a run has ended, whatever went wrong on the way; adds what does not. */
export async function judge(world: World): Promise<void> {
  const { plan, queue, letterIds, violations } = world;
  const { depth } = await queue.stats();
  if (depth > 0) violations.push(`${depth} updates are left in the queue`);

  const bodies = plan.publishers.flat();
  const events = bodies.filter((body): body is ProductEvent => !(body instanceof Undecodable));
  const isLettered = (event: ProductEvent): boolean => letterIds.has(letterIdOf(event));
  await judgeState(
    world,
    events.filter((event) => !isLettered(event)),
    events.filter(isLettered),
  );

  const unread = [...letterIds].filter((id) => id.startsWith('undecodable.')).length;
  if (unread !== bodies.length - events.length) violations.push('an undecodable message is lost');
  for (const event of events) {
    const isWrong = isLettered(event) && !plan.mayDeadLetter(event);
    if (isWrong) violations.push(`dead-letters ${event.event_id} without a reason`);
  }
}

/**
 * The store holds what the updates without a letter make when merged: nothing of them is lost, nothing older came back.
 * Of a dead-lettered update a value may be there too, when it is newer: it may have been written before it was given up.
 */
async function judgeState(
  world: World,
  kept: readonly ProductEvent[],
  lettered: readonly ProductEvent[],
): Promise<void> {
  const expected = coalesce(kept);
  const ids = [...new Set([...kept, ...lettered].map((event) => event.product_id))];
  const stored = await world.store.products.getMany(ids);
  for (const [i, product_id] of ids.entries()) {
    const dead = lettered.filter((event) => event.product_id === product_id);
    const price = fieldOf('price', stored[i], expected.get(product_id), dead);
    const stock = fieldOf('stock', stored[i], expected.get(product_id), dead);
    for (const fault of [price, stock]) if (fault !== undefined) world.violations.push(`${product_id}: ${fault}`);
  }
}

function fieldOf(
  field: 'price' | 'stock',
  stored: ProductRecord | undefined,
  expected: ProductRecord | undefined,
  dead: readonly ProductEvent[],
): string | undefined {
  const version = `${field}_version` as const;
  const is = { value: stored?.[field] ?? null, version: stored?.[version] ?? 0 };
  const want = { value: expected?.[field] ?? null, version: expected?.[version] ?? 0 };
  if (is.value === want.value && is.version === want.version) return undefined;
  const isNewer = is.version > want.version || (is.version === want.version && (is.value ?? -1) > (want.value ?? -1));
  if (isNewer && dead.some((event) => event[version] === is.version && event[field] === is.value)) return undefined;
  return `${field} is ${JSON.stringify(is)} instead of ${JSON.stringify(want)}`;
}
