import {
  hasLongNumber,
  hasSmallNumber,
  isProductUpdate,
  MAX_UPDATES,
  type ProductUpdate,
} from '@product-updates/domain';
import { checkText, invalidJson } from './body-reader.ts';
import { easeParsing } from './ease-parsing.ts';
import { HttpProblem, type Problem, type ProblemFault } from './problem.ts';
import { hasBadNumber, hasZero, markBadNumbers } from './sent-numbers.ts';
import { ERRORS_MAX, sortOut, type RejectedUpdate, type SortedUpdates } from './sort-updates.ts';

/** The updates of one body. */
export interface ParsedUpdates {
  /** At least one, in the order of the body. */
  readonly updates: readonly ProductUpdate[];
  /** Whether the body was an array, which is answered as one. */
  readonly many: boolean;
  /** Those of a lenient array that are not among the updates, by their place in it. */
  readonly rejected: readonly RejectedUpdate[] | undefined;
  /** How many errors the rejected ones have in all. */
  readonly errorCount: number;
}

export interface ParseOptions {
  /** By the server's clock: what `occurred_at` is held against. */
  readonly nowMs: number;
  /** Most updates in an array. */
  readonly maxBatch: number;
  /** Whether the good ones of an array are taken though others are bad. */
  readonly lenient: boolean;
}

/** Smaller bodies are parsed in some milliseconds, whatever they have. */
const EASED_FROM_BYTES = 131_072;
/** More arrays and objects within updates than this are refused unparsed: no update has any. */
const NESTED_MAX = 50_000;

const emptyArray: Problem = { status: 400, detail: 'The array is empty', reason: 'invalid' };
const noneHidden: ReadonlyMap<number, number> = new Map();

/**
 * The valid updates in a body. Throws an `HttpProblem` for anything else; an array is taken whole or, unless lenient, not at
 * all. The time it takes depends on the bytes and the items of the body, not on what is wrong with them. May write into it.
 */
export function parseUpdates(body: Buffer, { nowMs, maxBatch, lenient }: ParseOptions): ParsedUpdates {
  checkText(body);
  const hidden = body.length < EASED_FROM_BYTES ? noneHidden : ease(body, maxBatch);
  const text = body.toString('utf8');
  const value = parseJson(text);
  const many = Array.isArray(value);
  const items: readonly unknown[] = many ? value : [value];
  if (items.length === 0) throw new HttpProblem(emptyArray);
  if (items.length > maxBatch) throw new HttpProblem(tooMany(items.length, maxBatch));
  if (hasLongNumber(body) || (items.some(hasZero) && hasSmallNumber(text))) markBadNumbers(body, items);
  if (areUpdates(items, nowMs)) {
    return { updates: items, many, rejected: many && lenient ? [] : undefined, errorCount: 0 };
  }
  if (items.some(hasBadNumber)) markBadNumbers(body, items);
  const sorted = sortOut(items, { nowMs, hidden });
  if (!many || !lenient || sorted.good.length === 0) throw new HttpProblem(invalid(sorted, many, items.length));
  return { updates: sorted.good, many, rejected: sorted.rejected, errorCount: sorted.errorCount };
}

function areUpdates(items: readonly unknown[], nowMs: number): items is readonly ProductUpdate[] {
  return items.every((item) => isProductUpdate(item, nowMs));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpProblem(invalidJson(error), { cause: error });
  }
}

/** Answers how many unknown fields of each item are left out. */
function ease(body: Buffer, maxBatch: number): ReadonlyMap<number, number> {
  const { items, nested, hidden } = easeParsing(body, ERRORS_MAX);
  if (items > maxBatch) throw new HttpProblem(tooMany(items, maxBatch));
  if (nested > NESTED_MAX) throw new HttpProblem(tooNested(nested, items));
  return hidden;
}

function invalid({ rejected, errorCount }: SortedUpdates, many: boolean, updates: number): Problem {
  return {
    status: 400,
    detail:
      errorCount === 1
        ? 'One thing is wrong with what was sent, see errors'
        : `${errorCount} things are wrong with what was sent, see errors`,
    reason: 'invalid',
    updates,
    errors: rejected.flatMap(({ index, errors }) => (many ? errors.map((error) => located(error, index)) : errors)),
    errorCount,
  };
}

function located({ detail, pointer = '' }: ProblemFault, index: number): ProblemFault {
  return { detail, pointer: `/${index}${pointer}` };
}

function tooMany(count: number, maxBatch: number): Problem {
  const detail =
    maxBatch < MAX_UPDATES && count <= MAX_UPDATES
      ? `The array has ${count} updates, more than the ${maxBatch} that the queue can ever hold`
      : `The array has ${count} updates, more than ${maxBatch}`;
  return { status: 413, detail, reason: 'too_large', updates: count, close: true };
}

function tooNested(nested: number, updates: number): Problem {
  const detail = `The body is not valid: it has ${nested} arrays and objects within updates, which have none`;
  return { status: 400, detail, reason: 'invalid', updates };
}
