import type { Failed, Tried, Written } from './guarded-writer.ts';

/** What `bisect` does with the pieces it makes. */
export interface BisectSteps<T> {
  apply(piece: readonly T[]): Promise<Tried>;
  /** Answers what of the piece was not written after all. */
  written(piece: readonly T[], tried: Written): Promise<readonly T[]>;
  /** Fails although it stands alone. */
  alone(item: T, tried: Failed): Promise<'go on' | 'stop'>;
}

/**
 * Halves what fails until what is at fault stands alone: one bad among n costs about 2 log2(n) writes. `first` is how
 * the whole fared. Answers what was left untried, when a step said stop or the store would take nothing.
 */
export async function bisect<T>(whole: readonly T[], first: Tried, steps: BisectSteps<T>): Promise<readonly T[]> {
  const waiting: (readonly T[])[] = [];
  let piece = whole;
  let tried = first;
  for (;;) {
    if (tried.result === 'held') return [...piece, ...waiting.toReversed().flat()];
    if (tried.result === 'written') {
      const rest = await steps.written(piece, tried);
      if (rest.length > 0) waiting.push(rest);
    } else if (piece.length > 1) {
      const middle = piece.length >> 1;
      waiting.push(piece.slice(middle), piece.slice(0, middle));
    } else {
      for (const item of piece) {
        if ((await steps.alone(item, tried)) === 'stop') return waiting.toReversed().flat();
      }
    }
    const next = waiting.pop();
    if (next === undefined) return [];
    piece = next;
    tried = await steps.apply(piece);
  }
}
