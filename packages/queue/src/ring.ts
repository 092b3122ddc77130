const FIRST_SLOTS = 16;

/**
 * A first-in, first-out buffer that doubles when it is full: no operation moves what is already inside, and growing
 * costs each value one copy on average. It knows no bound; whoever owns it does.
 *
 * Invariants: the number of slots is a power of two; values are in the `size` slots from `head` on, round the end; every
 * other slot is `undefined`, so that what was taken can be collected.
 */
export class Ring<T> {
  #slots: (T | undefined)[] = emptySlots(FIRST_SLOTS);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest value, left where it is. */
  get first(): T | undefined {
    return this.#slots[this.#head];
  }

  push(value: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = value;
    this.#size++;
  }

  /** In front of everything. */
  unshift(value: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = value;
    this.#size++;
  }

  /** The oldest value; `undefined` when empty, so ask `size` first where `undefined` is a value. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size--;
    return value;
  }

  /** At most `max` values, oldest first. Copies blocks, which is what makes a large `max` cheap. */
  take(max: number): T[] {
    const count = Math.min(max, this.#size);
    const tillEnd = Math.min(count, this.#slots.length - this.#head);
    const taken = this.#cut(this.#head, tillEnd);
    const all = tillEnd === count ? taken : taken.concat(this.#cut(0, count - tillEnd));
    this.#head = (this.#head + count) & (this.#slots.length - 1);
    this.#size -= count;
    return all;
  }

  clear(): void {
    this.#slots = emptySlots(FIRST_SLOTS);
    this.#head = 0;
    this.#size = 0;
  }

  #cut(from: number, count: number): T[] {
    const cut = this.#slots.slice(from, from + count) as T[];
    this.#slots.fill(undefined, from, from + count);
    return cut;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = emptySlots(old.length * 2);
    for (let i = 0; i < this.#size; i++) this.#slots[i] = old[(this.#head + i) & (old.length - 1)];
    this.#head = 0;
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return Array.from<T | undefined>({ length: count }).fill(undefined);
}
