import { faultsOf, isProductUpdate, MAX_UPDATES, type Fault, type ProductUpdate } from '@product-updates/domain';
import { parseJson } from './body-reader.ts';
import { HttpProblem, type Problem, type ProblemFault } from './problem.ts';

/** The updates of one body. */
export interface ParsedUpdates {
  /** At least one, in the order of the body. */
  readonly updates: readonly ProductUpdate[];
  /** Whether the body was an array, which is answered as one. */
  readonly many: boolean;
  /** Those of a lenient array that are not among the updates, by their place in it. */
  readonly rejected: readonly RejectedUpdate[] | undefined;
}

export interface RejectedUpdate {
  readonly index: number;
  readonly errors: readonly ProblemFault[];
}

export interface ParseOptions {
  /** By the server's clock: what `occurred_at` is held against. */
  readonly nowMs: number;
  /** Most updates in an array. */
  readonly maxBatch: number;
  /** Whether the good ones of an array are taken though others are bad. */
  readonly lenient: boolean;
}

/** How many errors one answer tells; for a lenient array, how many of each item. */
const ERRORS_MAX = 100;
const ERRORS_OF_ITEM_MAX = 10;

const emptyArray: Problem = { status: 400, detail: 'The array is empty', reason: 'invalid' };

/** The valid updates in a body. Throws an `HttpProblem` for anything else; an array is taken whole or, unless lenient, not at all. */
export function parseUpdates(body: Buffer, options: ParseOptions): ParsedUpdates {
  const value = parseJson(body);
  if (Array.isArray(value)) return parseMany(value, options);
  if (!isProductUpdate(value, options.nowMs)) throw invalid(faultsOf(value, options.nowMs));
  return { updates: [value], many: false, rejected: undefined };
}

function parseMany(items: readonly unknown[], options: ParseOptions): ParsedUpdates {
  if (items.length === 0) throw new HttpProblem(emptyArray);
  if (items.length > options.maxBatch) throw new HttpProblem(tooMany(items.length, options.maxBatch));
  const allGood = items.every((item) => isProductUpdate(item, options.nowMs));
  if (!allGood) return options.lenient ? parseLenient(items, options) : refuse(items, options);
  return { updates: items, many: true, rejected: options.lenient ? [] : undefined };
}

function parseLenient(items: readonly unknown[], { nowMs }: ParseOptions): ParsedUpdates {
  const updates: ProductUpdate[] = [];
  const rejected: RejectedUpdate[] = [];
  for (const [index, item] of items.entries()) {
    if (isProductUpdate(item, nowMs)) {
      updates.push(item);
      continue;
    }
    const faults = faultsOf(item, nowMs).slice(0, ERRORS_OF_ITEM_MAX);
    rejected.push({ index, errors: faults.map((fault) => located(fault)) });
  }
  if (updates.length === 0) return refuse(items, { nowMs });
  return { updates, many: true, rejected };
}

function refuse(items: readonly unknown[], { nowMs }: Pick<ParseOptions, 'nowMs'>): never {
  const errors: ProblemFault[] = [];
  let count = 0;
  for (const [index, item] of items.entries()) {
    if (isProductUpdate(item, nowMs)) continue;
    const faults = faultsOf(item, nowMs);
    count += faults.length;
    for (const fault of faults) {
      if (errors.length === ERRORS_MAX) break;
      errors.push(located(fault, `/${index}`));
    }
  }
  throw invalid(errors, count, items.length);
}

function invalid(errors: readonly ProblemFault[], count: number = errors.length, updates = 1): HttpProblem {
  return new HttpProblem({
    status: 400,
    detail:
      count === 1
        ? 'One thing is wrong with what was sent, see errors'
        : `${count} things are wrong with what was sent, see errors`,
    reason: 'invalid',
    updates,
    errors: errors.slice(0, ERRORS_MAX),
    errorCount: count,
  });
}

function located({ detail, pointer }: Fault, prefix = ''): ProblemFault {
  return { detail, pointer: prefix + pointer };
}

function tooMany(count: number, maxBatch: number): Problem {
  const detail =
    maxBatch < MAX_UPDATES && count <= MAX_UPDATES
      ? `The array has ${count} updates, more than the ${maxBatch} that the queue can ever hold`
      : `The array has ${count} updates, more than ${maxBatch}`;
  return { status: 413, detail, reason: 'too_large', updates: count, close: true };
}
