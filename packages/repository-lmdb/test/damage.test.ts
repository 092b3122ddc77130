import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProductRecord } from '@product-updates/domain';
import { versionOf } from '@product-updates/domain';
import { codeOf } from '@product-updates/errors';
import { systemClock } from '@product-updates/queue';
import type { Store } from '@product-updates/repository';
import { openLmdbStore } from '@product-updates/repository-lmdb';
import { expect } from 'chai';
import fc from 'fast-check';

const context = { deadLetterMax: 10, clock: systemClock };
// oxlint-disable-next-line node/no-process-env
const numRuns = process.env['LONG'] === undefined ? 150 : 3000;

/** Each with its last commit in the first page, and in the second; left by a crash, and closed well. */
const states = ['crashed, even', 'crashed, odd', 'closed'] as const;
type State = (typeof states)[number];

describe('a damaged folder', function () {
  this.timeout(numRuns * 400);
  const root = mkdtempSync(join(tmpdir(), 'damage-'));
  after(() => rmSync(root, { recursive: true }));
  const expected = new Map<State, readonly ProductRecord[]>();
  let tried = 0;

  before(async () => {
    const crashed = join(root, 'crashed');
    const { store } = await openLmdbStore(new URL(`lmdb:${crashed}`), context);
    let records: readonly ProductRecord[] = [];
    for (let round = 1; round <= 7; round++) {
      records = recordsOf(round);
      await store.products.apply(records);
      // As a kill would leave it, since what resolved is on disk.
      const file = readFileSync(join(crashed, 'data.mdb'));
      const isEven = file.readBigUInt64LE(152) > file.readBigUInt64LE(4096 + 152);
      const state = isEven ? 'crashed, even' : 'crashed, odd';
      cpSync(crashed, join(root, state), { recursive: true, force: true });
      expected.set(state, records);
    }
    await store[Symbol.asyncDispose]();
    cpSync(crashed, join(root, 'closed'), { recursive: true });
    expected.set('closed', records);
  });

  /** Opens a damaged copy: what is in it, or the code with which it is refused. */
  async function opened(
    state: State,
    damage: (file: string) => void,
  ): Promise<Awaited<ReturnType<typeof contentOf>> | string> {
    const folder = join(root, `copy-${tried++}`);
    cpSync(join(root, state), folder, { recursive: true });
    damage(join(folder, 'data.mdb'));
    try {
      const { store } = await openLmdbStore(new URL(`lmdb:${folder}`), context);
      try {
        return await contentOf(store);
      } finally {
        await store[Symbol.asyncDispose]();
      }
    } catch (error) {
      return codeOf(error) ?? String(error);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  const rightOrRefused = (answer: unknown, state: State): void => {
    if (answer !== 'misconfigured') expect(answer, state).to.deep.equal(expected.get(state));
  };

  it('is opened while it is whole', async () => {
    for (const state of states) expect(await opened(state, () => {}), state).to.deep.equal(expected.get(state));
  });

  it('cut anywhere is refused, or nothing of it is missing', async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(...states),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (state, part) => {
        const size = readFileSync(join(root, state, 'data.mdb')).length;
        rightOrRefused(await opened(state, (file) => truncateSync(file, Math.floor(part * size))), state);
      },
    );
    await fc.assert(property, { numRuns });
  });

  it('with a bit of its first pages turned is refused, or answers right', async () => {
    const bit = fc.tuple(fc.nat(1), fc.nat(175), fc.nat(7));
    const property = fc.asyncProperty(
      fc.constantFrom(...states),
      fc.array(bit, { minLength: 1, maxLength: 3 }),
      async (state, bits) => {
        const turn = (file: string): void => {
          const bytes = readFileSync(file);
          for (const [page, offset, number] of bits) bytes[page * 4096 + offset]! ^= 1 << number;
          writeFileSync(file, bytes);
        };
        rightOrRefused(await opened(state, turn), state);
      },
    );
    await fc.assert(property, { numRuns });
  });

  it('with its first pages blank, or no file at all, is refused', async () => {
    for (const state of states) {
      for (const [from, to] of [
        [0, 4096],
        [4096, 8192],
        [0, 8192],
        [24, 168],
      ] as const) {
        const blank = (file: string): void => {
          const bytes = readFileSync(file);
          writeFileSync(file, bytes.fill(0, from, to));
        };
        expect(await opened(state, blank), `${state} ${from}`).to.equal('misconfigured');
      }
      expect(await opened(state, (file) => rmSync(file)), state).to.equal('misconfigured');
      expect(await opened(state, (file) => truncateSync(file, 0)), state).to.equal('misconfigured');
    }
  });
});

function recordsOf(round: number): readonly ProductRecord[] {
  return Array.from({ length: 100 * round }, (_, i) => {
    const version = versionOf(Date.UTC(2026, 0, 1), round);
    return { product_id: `p${i}`, price: round, price_version: version, stock: i, stock_version: version };
  });
}

async function contentOf(store: Store): Promise<readonly (ProductRecord | undefined)[]> {
  const ids = recordsOf(8).map(({ product_id }) => product_id);
  return (await store.products.getMany(ids)).filter((record) => record !== undefined);
}
