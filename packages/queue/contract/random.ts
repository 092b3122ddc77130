/** Random numbers that a seed repeats. */
export interface Random {
  /** From 0 to `below` − 1. */
  int(below: number): number;
  shuffle<T>(items: readonly T[]): T[];
}

/** A 32-bit generator after Marsaglia's xorshift, seeded through a multiplication so that small seeds differ. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e37_79b1) | 1;
  function int(below: number): number {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  }
  return {
    int,
    shuffle(items) {
      const shuffled = [...items];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
      }
      return shuffled;
    },
  };
}
