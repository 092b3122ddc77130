/**
 * Things that come due, the earliest on top; of those due at the same time, the one that was put in first.
 *
 * Invariant: a node is never later than its two children, at 2i + 1 and 2i + 2.
 */
export class DueHeap<T> {
  readonly #nodes: Node<T>[] = [];
  #puts = 0;

  get size(): number {
    return this.#nodes.length;
  }

  /** `Infinity` when empty. */
  get nextDueMs(): number {
    return this.#nodes[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** The top, left where it is. */
  get first(): T | undefined {
    return this.#nodes[0]?.thing;
  }

  put(dueMs: number, thing: T): void {
    const nodes = this.#nodes;
    const node = { dueMs, order: this.#puts++, thing };
    let at = nodes.push(node) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = nodes[above] as Node<T>;
      if (!isBefore(node, parent)) break;
      nodes[at] = parent;
      at = above;
    }
    nodes[at] = node;
  }

  /** Takes the top. */
  take(): T | undefined {
    const nodes = this.#nodes;
    const top = nodes[0];
    const node = nodes.pop();
    if (top === undefined || node === undefined) return undefined;
    if (nodes.length === 0) return top.thing;
    let at = 0;
    for (let below = 1; below < nodes.length; below = 2 * at + 1) {
      if (below + 1 < nodes.length && isBefore(nodes[below + 1] as Node<T>, nodes[below] as Node<T>)) below++;
      const child = nodes[below] as Node<T>;
      if (isBefore(node, child)) break;
      nodes[at] = child;
      at = below;
    }
    nodes[at] = node;
    return top.thing;
  }

  clear(): void {
    this.#nodes.length = 0;
  }
}

interface Node<T> {
  readonly dueMs: number;
  readonly order: number;
  readonly thing: T;
}

function isBefore<T>(a: Node<T>, b: Node<T>): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
