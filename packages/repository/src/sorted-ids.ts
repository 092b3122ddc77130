/** Most ids in one chunk: above it, it is cut in two. Small enough that moving one costs less than a microsecond. */
const CHUNK_MAX = 512;

/**
 * A sorted set of ids, by UTF-16 code units, which for ASCII is the byte order. Kept in sorted chunks, so that adding
 * and removing cost a few microseconds at 100,000 ids wherever they lie; one sorted array takes half a millisecond for
 * every removal at its head, and that is where a replay removes.
 *
 * Invariant: no chunk is empty, every id of a chunk is smaller than every id of the next.
 */
export class SortedIds {
  #chunks: string[][] = [];

  /** Adds an id that is not there. */
  add(id: string): void {
    const chunkIndex = Math.max(0, upperBound(this.#chunks, id, firstOf) - 1);
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) {
      this.#chunks.push([id]);
      return;
    }
    chunk.splice(upperBound(chunk, id, itself), 0, id);
    if (chunk.length > CHUNK_MAX) this.#chunks.splice(chunkIndex + 1, 0, chunk.splice(chunk.length >>> 1));
  }

  /** Removes an id that is there. */
  remove(id: string): void {
    const chunkIndex = upperBound(this.#chunks, id, firstOf) - 1;
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) return;
    const index = upperBound(chunk, id, itself) - 1;
    if (chunk[index] !== id) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(chunkIndex, 1);
  }

  /** At most `limit` ids larger than `after` (which need not be there), in order. */
  after(after: string | undefined, limit: number): string[] {
    const found: string[] = [];
    let chunkIndex = after === undefined ? 0 : Math.max(0, upperBound(this.#chunks, after, firstOf) - 1);
    for (; chunkIndex < this.#chunks.length && found.length < limit; chunkIndex++) {
      const chunk = this.#chunks[chunkIndex] ?? [];
      const from = after === undefined ? 0 : upperBound(chunk, after, itself);
      for (const id of chunk.slice(from, from + limit - found.length)) found.push(id);
    }
    return found;
  }

  clear(): void {
    this.#chunks = [];
  }
}

/** How many entries of a sorted array have a key not larger than `id`. */
function upperBound<T>(sorted: readonly T[], id: string, keyOf: (entry: T) => string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(sorted[middle] as T) <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}

const itself = (id: string): string => id;
const firstOf = (chunk: readonly string[]): string => chunk[0] ?? '';
