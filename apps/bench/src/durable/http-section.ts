import { mib, ms, percent, rate, ratio, type Section, type Table } from '../report/markdown.ts';
import { median, ratios } from '../stats.ts';
import { CONNECTIONS } from '../http/measure.ts';
import { figuresTable, quotients, share, type Figure } from './figures.ts';
import { sides, type DurableCase, type DurableMeasurement, type DurableRound, type Side } from './http-rounds.ts';

const titles: Readonly<Record<DurableCase, string>> = {
  post: 'POST /events, one update each (requests/s)',
  array: 'POST /events, arrays of 1,000 (updates/s)',
};

const names: Readonly<Record<Side, string>> = { durable: 'DATA_DIR', memory: 'memory' };

const explanation = `${CONNECTIONS} keep-alive connections, each with one request on its way; the same server with a fresh
DATA_DIR on a disk and in memory, in turns. A 202 of the former is on the disk. The server is not pinned: LMDB writes and syncs in a thread of its own. **waiting**: accepted and not applied yet
when the load ended. **refused**: share of the requests answered with 503, since the queue was full. **CPU ms**: of the server's process, all its threads, for 1,000 accepted updates. The commit time is
the median of small entries written to the same disk one after the other; ${CONNECTIONS} connections cannot have more answers than
${CONNECTIONS} in that time, unless several share a commit.`;

export function durableHttpSection(rounds: readonly DurableRound[]): Section {
  const tables = [tableOf('post', rounds), tableOf('array', rounds), figuresTable(figuresOf(rounds))];
  return { title: 'POST with DATA_DIR', paragraphs: [explanation, commitText(rounds)], tables };
}

function commitText(rounds: readonly DurableRound[]): string {
  const commitMs = median(rounds.map((round) => round.commitMs));
  return `Median commit: ${commitMs.toFixed(3)} ms; ${CONNECTIONS} in that time are ${rate(perCommit(commitMs))} a second.`;
}

function tableOf(name: DurableCase, rounds: readonly DurableRound[]): Table {
  const all = (side: Side): DurableMeasurement[] => rounds.map((round) => round[name][side]);
  const rates = (side: Side): number[] => all(side).map(({ perSecond }) => perSecond);
  return {
    columns: [
      titles[name],
      'rate',
      'of memory',
      'p50 ms',
      'p99 ms',
      'refused',
      'waiting',
      'RSS MiB',
      'CPU',
      'CPU ms',
      'load CPU',
    ],
    rows: sides.map((side) => [
      names[side],
      rate(median(rates(side))),
      ratio(ratios(rates(side), rates('memory'))),
      ms(median(all(side).map(({ p50Ms }) => p50Ms))),
      ms(median(all(side).map(({ p99Ms }) => p99Ms))),
      percent(median(all(side).map(({ refused }) => refused))),
      rate(median(all(side).map(({ waiting }) => waiting))),
      mib(medianOf(all(side), ({ rssMib }) => rssMib)),
      percent(medianOf(all(side), ({ serverCpu }) => serverCpu)),
      medianOf(all(side), cpuMsPerThousand)?.toFixed(1) ?? '–',
      percent(median(all(side).map(({ generatorCpu }) => generatorCpu))),
    ]),
  };
}

function figuresOf(rounds: readonly DurableRound[]): Figure[] {
  const rates = (name: DurableCase, side: Side): number[] => rounds.map((round) => round[name][side].perSecond);
  const bounds = rounds.map(({ post, commitMs }) => Math.min(post.memory.perSecond, perCommit(commitMs)));
  return [
    {
      name: `POST, of the smaller of memory and ${CONNECTIONS} / commit`,
      values: quotients(rates('post', 'durable'), bounds),
      format: share,
      must: { atLeast: 0.8 },
    },
    {
      name: 'arrays of 1,000, of memory',
      values: quotients(rates('array', 'durable'), rates('array', 'memory')),
      format: share,
      must: { atLeast: 0.4 },
    },
  ];
}

function perCommit(commitMs: number): number {
  return (CONNECTIONS / commitMs) * 1000;
}

function cpuMsPerThousand({ serverCpu, perSecond }: Measurement): number | undefined {
  return serverCpu === undefined ? undefined : (serverCpu * 1e6) / perSecond;
}

type Measurement = DurableMeasurement;

function medianOf(all: readonly Measurement[], of: (one: Measurement) => number | undefined): number | undefined {
  const values = all.map(of).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}
