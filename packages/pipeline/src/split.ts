import type { Failed, Tried, Written } from './guarded-writer.ts';
import { partsOf } from './policy.ts';

/** What `split` does with the parts it makes. */
export interface SplitSteps<T> {
  apply(part: readonly T[]): Promise<Tried>;
  /** Returns what of the part was not written after all. */
  written(part: readonly T[], tried: Written): Promise<readonly T[]>;
  /** Fails although it is alone. */
  alone(item: T, tried: Failed): Promise<'go on' | 'stop'>;
}

export interface SplitOptions<T> extends SplitSteps<T> {
  /** Parts on their way at the same time. */
  readonly atOnce: number;
}

/**
 * Divides what fails until what is at fault is alone. `parts` is what it begins with. Returns what was left untried when a
 * step said stop, or the store took nothing.
 */
export async function split<T>(parts: readonly (readonly T[])[], options: SplitOptions<T>): Promise<readonly T[]> {
  const waiting = parts.toReversed();
  const untried: T[] = [];
  const running = new Set<Promise<void>>();
  let isOver = false;
  let broken: { readonly error: unknown } | undefined;

  async function next(part: readonly T[]): Promise<void> {
    const judged = await judge(part, await options.apply(part), options);
    waiting.push(...judged.parts.toReversed());
    untried.push(...judged.untried);
    isOver ||= judged.isOver;
  }

  function start(part: readonly T[]): void {
    const run: Promise<void> = next(part)
      .catch((error: unknown) => {
        broken ??= { error };
      })
      .finally(() => running.delete(run));
    running.add(run);
  }

  for (;;) {
    while (!isOver && broken === undefined && running.size < options.atOnce) {
      const part = waiting.pop();
      if (part === undefined) break;
      start(part);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (broken !== undefined) throw broken.error;
  return [...untried, ...waiting.toReversed().flat()];
}

interface Judged<T> {
  readonly parts: readonly (readonly T[])[];
  readonly untried: readonly T[];
  readonly isOver: boolean;
}

/** What follows from how a part fared. */
export async function judge<T>(part: readonly T[], tried: Tried, steps: SplitSteps<T>): Promise<Judged<T>> {
  if (tried.result === 'held') return { parts: [], untried: part, isOver: true };
  if (tried.result === 'written') {
    const rest = await steps.written(part, tried);
    return { parts: rest.length > 0 ? [rest] : [], untried: [], isOver: false };
  }
  if (part.length > 1) return { parts: divided(part, partsOf(tried.fault, part.length)), untried: [], isOver: false };
  const [item] = part;
  const isOver = item !== undefined && (await steps.alone(item, tried)) === 'stop';
  return { parts: [], untried: [], isOver };
}

/** Into so many parts of about the same size, in order. */
function divided<T>(whole: readonly T[], parts: number): readonly (readonly T[])[] {
  const size = Math.ceil(whole.length / parts);
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => whole.slice(i * size, (i + 1) * size));
}
