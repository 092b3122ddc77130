import { expect } from 'chai';
import * as fc from 'fast-check';
import { coalesce, type ProductRecord } from '@product-updates/domain';
import { rejects, scaled } from '@product-updates/queue/contract';
import type { Store } from '../src/index.ts';
import { createModelStore, type ModelStore } from './model-store.ts';
import { byId } from './observe.ts';
import { both, letter, price, stock } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R25: any sequence of calls, against the model. */
export const modelBasedTests: readonly StoreTest[] = [
  {
    id: 'R25',
    title: 'random sequences of calls answer what the model answers',
    timeoutMs: scaled({ quick: 60_000, long: 600_000 }),
    run: againstModel,
  },
];

const LETTERS_MAX = 3;

/** The store, with what sets this run apart from those before it on the same data. */
interface Real {
  readonly store: Store;
  readonly prefix: string;
  readonly highestBefore: number;
}
type Command = fc.AsyncCommand<ModelStore, Real>;

async function againstModel(subject: Subject): Promise<void> {
  const store = await subject.open({ deadLetterMax: LETTERS_MAX });
  let run = 0;
  const anyCommands = fc.commands([...productCommands, ...letterCommands], { maxCommands: 40, size: 'max' });
  const property = fc.asyncProperty(anyCommands, async (commands) => {
    for (const { id } of await store.deadLetters.list({ limit: LETTERS_MAX })) await store.deadLetters.remove(id);
    const real = { store, prefix: `${run++}-`, highestBefore: await store.highestVersion() };
    await fc.asyncModelRun(() => ({ model: createModelStore({ deadLetterMax: LETTERS_MAX }), real }), commands);
  });
  await fc.assert(property, { numRuns: scaled(subject.declared.runs) });
}

function command(name: string, run: (model: ModelStore, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name };
}

const anyId = fc.constantFrom('a', 'b', 'c', '__proto__', 'a b');
const anyUpdate = fc.record({
  id: anyId,
  version: fc.integer({ min: 1, max: 6 }),
  value: fc.constantFrom(0, 1, 9, 10),
  set: fc.constantFrom(price, stock, (id: string, value: number, version: number) => both(id, value, value, version)),
});

/** Ids that stand in the store's data: those of the model with the run's prefix. */
function withPrefix(prefix: string, record: ProductRecord): ProductRecord {
  return { ...record, product_id: `${prefix}${record.product_id}` };
}

const productCommands: fc.Arbitrary<Command>[] = [
  fc.array(anyUpdate, { minLength: 1, maxLength: 5 }).map((updates) => {
    const records = [...coalesce(updates.map(({ id, version, value, set }) => set(id, value, version))).values()];
    return command(`apply ${JSON.stringify(records)}`, async (model, { store, prefix }) => {
      const expected = model.apply(records).map((record) => withPrefix(prefix, record));
      const changed = await store.products.apply(records.map((record) => withPrefix(prefix, record)));
      expect(byId(changed)).to.deep.equal(byId(expected));
    });
  }),
  fc.array(anyId, { maxLength: 4 }).map((ids) =>
    command(`getMany ${ids.join()}`, async (model, { store, prefix }) => {
      const expected = ids.map((id) => model.get(id)).map((record) => record && withPrefix(prefix, record));
      expect(await store.products.getMany(ids.map((id) => `${prefix}${id}`))).to.deep.equal(expected);
    }),
  ),
  anyId.map((id) =>
    command(`get ${id}`, async (model, { store, prefix }) => {
      const expected = model.get(id);
      expect(await store.products.get(`${prefix}${id}`)).to.deep.equal(expected && withPrefix(prefix, expected));
    }),
  ),
  fc.constant(
    command('highestVersion', async (model, { store, highestBefore }) => {
      expect(await store.highestVersion()).to.equal(Math.max(highestBefore, model.highestVersion()));
    }),
  ),
];

const anyLetterId = fc.constantFrom('b', 'a', 'B', 'a-', 'a.0', '__proto__');

const letterCommands: fc.Arbitrary<Command>[] = [
  fc.tuple(anyLetterId, fc.nat({ max: 3 }), fc.option(fc.uint8Array({ maxLength: 4 }))).map(([id, attempts, bytes]) =>
    command(`add ${id}`, async (model, { store }) => {
      const added = letter(id, { attempts, bytes });
      if (model.addLetter(added)) await store.deadLetters.add(added);
      else await rejects(store.deadLetters.add(added), 'full', `the letter ${id}`);
    }),
  ),
  anyLetterId.map((id) =>
    command(`remove ${id}`, async (model, { store }) => {
      expect(await store.deadLetters.remove(id)).to.equal(model.removeLetter(id));
    }),
  ),
  anyLetterId.map((id) =>
    command(`get letter ${id}`, async (model, { store }) => {
      expect(await store.deadLetters.get(id)).to.deep.equal(model.getLetter(id));
    }),
  ),
  fc.record({ limit: fc.integer({ min: 1, max: 4 }), after: fc.option(anyLetterId, { nil: undefined }) }).map((page) =>
    command(`list ${JSON.stringify(page)}`, async (model, { store }) => {
      const later = model
        .letters()
        .filter(({ id }) => page.after === undefined || Buffer.from(id).compare(Buffer.from(page.after)) > 0);
      expect(await store.deadLetters.list(page)).to.deep.equal(later.slice(0, page.limit));
      expect(await store.deadLetters.count()).to.equal(model.letters().length);
    }),
  ),
];
