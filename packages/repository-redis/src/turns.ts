/** Runs work when its turn comes, in the order in which it was asked for. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * At most `atOnce` run at a time, and at most one begins in a turn of the event loop, so that what was sent for one is on
 * its way while the next is made, and other work comes between. A free place goes to whoever waits longest; work that
 * rejects frees its place, too.
 */
export function createTurns(atOnce: number): Turns {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  let begun = false;

  function begin(): void {
    if (begun || free === 0) return;
    const next = waiting.shift();
    if (next === undefined) return;
    free -= 1;
    begun = true;
    setImmediate(() => {
      begun = false;
      begin();
    });
    next();
  }

  return async (work) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      begin();
    });
    try {
      return await work();
    } finally {
      free += 1;
      begin();
    }
  };
}
