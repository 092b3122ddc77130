import { parseArgs } from 'node:util';
import { durableParts } from './durable/parts.ts';
import { loopbackPortOf } from './http/contestants.ts';

/** The parts of the benchmark. The first six make the usual run; the others take minutes or need servers and are asked for. */
export const parts = [
  'http',
  'channel',
  'pool',
  'domain',
  'pipeline',
  'start',
  'soak',
  'overload',
  'slow-sockets',
  'durable-http',
  'lmdb',
  'postgres',
  'redis',
  'hot-backlog',
  'read-under-load',
] as const;
export type Part = (typeof parts)[number];

export interface Options {
  readonly parts: readonly Part[];
  /** Fractions of a second each: shows that everything runs, measures nothing. */
  readonly quick: boolean;
  /** Run the packages' TypeScript instead of what was built. */
  readonly source: boolean;
  readonly rounds: number;
  readonly soakMinutes: number;
  readonly slowSockets: number;
  /** Other servers to measure beside ours over HTTP: URLs of loopback, or commands. */
  readonly against: readonly string[];
  /** Where the Markdown goes besides standard output. */
  readonly out: string | undefined;
}

export const usage: string = `npm run bench -- [options]

  --only PART,…       ${parts.join(', ')} (usual: the first six)
  --rounds N          rounds in which the subjects take turns (5)
  --quick             fractions of a second each: shows that everything runs, measures nothing
  --soak MINUTES      only full load for so long, with the heap after garbage collection over time
  --overload          only ten times as much as the store can take
  --durable           only what needs a disk or a database server: ${durableParts.join(', ')}
  --slow-sockets N    only one good client while N connections dribble
  --against SERVER    another server beside ours in the part http: http://127.0.0.1:PORT, or a command that serves
                      POST /events and GET /products/{id} on the port that PORT says; may be given again
  --source            run the TypeScript sources instead of what was built
  --out FILE          write the Markdown there, too; relative to apps/bench
`;

const usual: readonly Part[] = ['http', 'channel', 'pool', 'domain', 'pipeline', 'start'];

/** Throws on what it does not know, with the reason. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      soak: { type: 'string' },
      overload: { type: 'boolean', default: false },
      durable: { type: 'boolean', default: false },
      'slow-sockets': { type: 'string' },
      against: { type: 'string', multiple: true, default: [] },
      source: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  });
  const asked: Part[] = values.only === undefined ? [] : values.only.split(',').map(partOf);
  if (values.soak !== undefined) asked.push('soak');
  if (values.overload) asked.push('overload');
  if (values.durable) asked.push(...durableParts);
  if (values['slow-sockets'] !== undefined) asked.push('slow-sockets');
  return {
    parts: asked.length === 0 ? usual : parts.filter((part) => asked.includes(part)),
    quick: values.quick,
    source: values.source,
    rounds: positive('--rounds', values.rounds ?? (values.quick ? '1' : '5')),
    soakMinutes: positive('--soak', values.soak ?? '10'),
    slowSockets: positive('--slow-sockets', values['slow-sockets'] ?? '1000'),
    against: values.against.map(checkAgainst),
    out: values.out,
  };
}

function checkAgainst(what: string): string {
  if (/^https?:/i.test(what)) loopbackPortOf(what);
  return what;
}

function partOf(text: string): Part {
  const part = parts.find((known) => known === text);
  if (part === undefined) throw new Error(`--only: "${text}" is none of ${parts.join(', ')}`);
  return part;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`${name} is a number above 0, not "${text}"`);
}
