/** One suite of micro-benchmarks in a process of its own: `main.ts SUITE SCALE ROUNDS`; the result goes to the parent. */
import type { Suite } from './contestant.ts';
import { runSuite } from './run-suite.ts';
import type { SuiteName } from './suites.ts';

/** Only the suite that runs is loaded. */
const suites: Readonly<Record<SuiteName, () => Promise<Suite>>> = {
  channel: async () => (await import('./channel.ts')).channelSuite,
  pool: async () => (await import('./pool.ts')).poolSuite,
  domain: async () => (await import('./domain.ts')).domainSuite,
  pipeline: async () => (await import('./pipeline.ts')).pipelineSuite,
};

const [name, scale, measured] = process.argv.slice(2);
const suite = await suites[name as SuiteName]();
const warmup = Number(scale) < 1 ? 0 : 2;
process.send?.(await runSuite(suite(Number(scale)), { warmup, measured: Number(measured) }));
