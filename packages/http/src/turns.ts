/** Runs what it is given, in order. */
export type Turns = (work: () => void) => void;

/**
 * One piece of work for each turn of the event loop: at once where this turn has done none yet, else in one of the next
 * turns. Reading an array takes milliseconds; when dozens arrive together, the reads, commits and answers of everybody
 * else get their turn between two of them instead of after all. Who waits is bounded by the connections, whose next
 * request is not read before this one is answered. `work` does not throw.
 */
export function createTurns(): Turns {
  let waiting: (() => void)[] = [];
  let at = 0;
  let taken = false;

  function next(): void {
    const work = waiting[at];
    if (work === undefined) {
      waiting = [];
      at = 0;
      taken = false;
      return;
    }
    at += 1;
    setImmediate(next);
    work();
  }

  return (work) => {
    if (taken) {
      waiting.push(work);
      return;
    }
    taken = true;
    setImmediate(next);
    work();
  };
}
