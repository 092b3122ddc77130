import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { scaled } from '@product-updates/queue/contract';
import { buildDiskTrace, whyNoDiskTrace } from '@product-updates/tooling/disk-trace';
import { startOwnPostgres, whyNoOwnPostgres } from '@product-updates/tooling/own-postgres';
import { startOwnRedis, whyNoOwnRedis } from '@product-updates/tooling/own-redis';
import type { Environment } from './child.ts';
import { killBoth, killDatabase, killService } from './crash/kills.ts';
import { record, summaryOf, total } from './crash/record.ts';
import type { Seen } from './crash/world.ts';

/** SEED repeats the clients and the instants of a run, as far as a machine repeats itself. */
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
/** Worlds side by side: mostly they wait. */
const { kills, cuts, databaseKills, bothKills, worlds } = scaled({
  quick: { kills: 10, cuts: 5, databaseKills: 3, bothKills: 1, worlds: 1 },
  long: { kills: 1000, cuts: 300, databaseKills: 1000, bothKills: 100, worlds: 4 },
});
/** It starts sooner than the source does. */
const main = 'built';
/** What comes in while a database is away is none of what is tried. */
const pauseMs = 20;
/** Only ends what hangs: each wait of a world has a deadline of its own, and says what it waited for. */
const timeoutOf = (kills: number): number => 300_000 + kills * 60_000;

const dataDir = (folder: string): Environment => ({ DATA_DIR: folder });

describe(`crash (seed ${seed})`, () => {
  before(function () {
    this.timeout(timeoutOf(0));
    const folder = join(import.meta.dirname, '..');
    const tsc = join(folder, '../../node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, '-b', 'tsconfig.build.json'], { cwd: folder, stdio: 'inherit' });
  });

  it('kill -9 of the service loses nothing that was accepted', async function () {
    this.timeout(timeoutOf(kills));
    const runs = await inWorlds((seed) => killService({ environment: dataDir, main, seed }, Math.ceil(kills / worlds)));
    tell(this, 'service killed, `DATA_DIR`', runs);
  });

  it('a power cut loses nothing that was accepted', async function () {
    this.timeout(timeoutOf(cuts));
    const missing = whyNoDiskTrace();
    if (missing !== undefined) return skip(this, missing);
    await withDiskTrace(async (power) => {
      const runs = await inWorlds((seed) =>
        killService({ environment: dataDir, main, seed, power }, Math.ceil(cuts / worlds)),
      );
      tell(this, 'power cut, `DATA_DIR`', runs);
    });
  });

  const databases = [
    { name: 'postgres', startOwn: startOwnPostgres, whyNot: whyNoOwnPostgres },
    { name: 'redis', startOwn: startOwnRedis, whyNot: whyNoOwnRedis },
  ] as const;
  for (const { name, startOwn, whyNot } of databases) {
    const cases = [
      { what: name, also: ', and the service lives on', run: killDatabase, count: databaseKills },
      { what: `the service and ${name}`, also: '', run: killBoth, count: bothKills },
    ];
    for (const { what, also, run, count } of cases) {
      it(`kill -9 of ${what} loses nothing that was accepted${also}`, async function () {
        this.timeout(timeoutOf(count));
        const missing = whyNot();
        if (missing !== undefined) return skip(this, missing);
        const runs = await inWorlds(async (seed) => {
          await using own = await startOwn();
          const environment = (folder: string): Environment => ({
            QUEUE_URL: `lmdb:${folder}/queue`,
            STORE_URL: own.url.href,
          });
          return await run({ environment, main, seed, pauseMs }, own, Math.ceil(count / worlds));
        });
        tell(this, `${what} killed, queue in \`lmdb:\``, runs);
      });
    }
  }

  describe('finds', () => {
    const sound = { queue: 'lmdb', store: 'lmdb' };
    const spoilt = [
      { what: 'a queue that confirms before the disk has it', ...sound, queue: 'early' },
      { what: 'a queue that loses one in a hundred', ...sound, queue: 'dropping' },
      { what: 'a store that answers before the disk has it', ...sound, store: 'early' },
      { what: 'a store where the last to arrive wins', ...sound, store: 'arriving' },
    ];
    // All at once: each ends at its first loss.
    let runs: Promise<Seen>[];
    before(() => {
      runs = spoilt.map(({ queue, store }, i) => {
        const environment = (folder: string): Environment => ({
          QUEUE_URL: `${queue}:${folder}/queue`,
          STORE_URL: `${store}:${folder}/store`,
        });
        return killService({ environment, main: 'spoilt', seed: seed + i }, 20);
      });
      for (const run of runs) run.catch(() => {}); // told by its test
    });
    it('a disk that says it has synced and has not', async function () {
      this.timeout(timeoutOf(20));
      const missing = whyNoDiskTrace();
      if (missing !== undefined) return skip(this, missing);
      await withDiskTrace(async (power) => {
        const environment = (folder: string): Environment => ({ ...dataDir(folder), LYING_DISK: 'yes' });
        // It is refused as what it is, damaged, or opens with something lost.
        const found = await killService({ environment, main, seed, power }, 20).then(
          ({ faults }) => faults.join(),
          (error: unknown) => String(error),
        );
        expect(found).to.match(/restore a backup|accepted is|is pending/);
      });
    });
    for (const [i, { what }] of spoilt.entries()) {
      it(what, async function () {
        this.timeout(timeoutOf(20));
        const { faultCount, kills } = await runs[i]!;
        expect(faultCount, `after ${kills} kills`).to.be.above(0);
      });
    }
  });
});

async function withDiskTrace(run: (library: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'disk-trace-'));
  try {
    buildDiskTrace(join(folder, 'trace.so'));
    await run(join(folder, 'trace.so'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rejects as the first that did, when all have ended: none is left behind. */
async function inWorlds(run: (seed: number) => Promise<Seen>): Promise<Seen[]> {
  const runs = Array.from({ length: worlds }, (_, n) => run(seed + n));
  await Promise.allSettled(runs);
  return Promise.all(runs);
}

/** Puts the figures into the title, and those of a long run into the kept file; fails on a fault. */
function tell({ test }: Mocha.Context, name: string, runs: readonly Seen[]): void {
  const seen = total(runs);
  if (test !== undefined) test.title += `: ${summaryOf(seen)}`;
  scaled({ quick: () => {}, long: () => record(name, seen, seed) })();
  expect(seen.faults, `seed ${seed}, ${summaryOf(seen)}`).to.deep.equal([]);
}

function skip(context: Mocha.Context, reason: string): void {
  if (context.test !== undefined) context.test.title += ` (${reason})`;
  context.skip();
}
