import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';

const usage = `npm run simulate -- [--seeds N] [--from S]   run N seeds (1000), from S on (1), and add up
npm run simulate -- --seed S                 run one seed and tell its story`;

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } },
});

function numberOf(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} is a whole number, not ${text}\n${usage}`);
  return value;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function tellOne(seed: number): Promise<boolean> {
  const run = await simulate(seed, { tell: print });
  print(JSON.stringify(run, undefined, 2));
  return run.violations.length === 0;
}

async function runMany(from: number, seeds: number): Promise<boolean> {
  const startedMs = process.hrtime.bigint();
  const sums = { updates: 0, letters: 0, deaths: 0, steps: 0, virtualMs: 0 };
  const failed: number[] = [];
  let digest = 0;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const run = await simulate(seed);
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += run[key];
    digest = (Math.imul(digest, 31) + run.digest) | 0;
    if (run.violations.length > 0) {
      failed.push(seed);
      print(`seed ${seed} fails: ${run.violations.join('; ')}\n  replay: npm run simulate -- --seed ${seed}`);
    }
    if ((seed - from + 1) % 10_000 === 0) print(`${seed - from + 1} seeds, ${failed.length} failed`);
  }
  const seconds = Number(process.hrtime.bigint() - startedMs) / 1e9;
  const days = sums.virtualMs / 86_400_000;
  print(
    `${seeds} seeds from ${from}: ${failed.length} failed; ${sums.updates} updates, ${sums.letters} dead letters, ` +
      `${sums.deaths} crashes, ${sums.steps} steps, ${days.toFixed(1)} virtual days in ${seconds.toFixed(1)} s; digest ${digest}`,
  );
  return failed.length === 0;
}

// Whoever reads only the head of a story has seen enough.
process.stdout.on('error', () => undefined);
if (values.help === true) {
  print(usage);
} else {
  const isGood =
    values.seed === undefined
      ? await runMany(numberOf('from', values.from, 1), numberOf('seeds', values.seeds, 1000))
      : await tellOne(numberOf('seed', values.seed, 0));
  process.exitCode = isGood ? 0 : 1;
}
