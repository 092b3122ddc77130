import { isPlausible, type ProductEvent } from '@product-updates/domain';
import { codeOf } from '@product-updates/errors';
import { noHeaders, type Publisher } from '@product-updates/queue';
import type { DeadLetter, Page } from '@product-updates/repository';
import type { HttpDependencies } from './http-dependencies.ts';
import { HttpProblem, problemOfPublish, type Problem } from './problem.ts';

export const unknownLetter: Problem = { status: 404, detail: 'There is no such dead letter' };

const WHAT = 'POST /dead-letters/replay';

export interface ReplayCount {
  readonly replayed: number;
  readonly failed: number;
}

/** One replay at a time is between looking for letters and removing them, so that none in this process takes another's. */
export interface Replay {
  /**
   * Publishes the letter's event as it was, `replays` + 1, then removes exactly that letter; answers the event. A failure
   * of the replay writes a letter of its own, so the two cannot be taken for each other. Throws an `HttpProblem`: 404
   * where there is no such letter, 409 for one that can never be replayed, 503 where the queue did not take it; the
   * letter then stays.
   */
  one(id: string): Promise<ProductEvent>;
  /**
   * The same for a page of letters, oldest first, a few at a time. Those that can never be replayed count as failed and
   * stay. A letter that somebody else removed meanwhile is counted by them, not here. Ends early where the queue does not
   * take more or a letter cannot be removed; throws that only when nothing was replayed.
   */
  many(page: Page): Promise<ReplayCount>;
}

/** How many are published and removed at a time. */
const CHUNK = 100;

const undecodable: Problem = {
  status: 409,
  detail: 'The message could not be decoded, so there is nothing to publish again',
};
const implausible: Problem = {
  status: 409,
  detail: 'The version lies too far in the future: publishing it again would freeze the product',
};

type Dependencies = Pick<HttpDependencies, 'publisher' | 'deadLetters' | 'clock' | 'observer' | 'options'>;

export function createReplay(deps: Dependencies): Replay {
  const { deadLetters, clock, observer, options } = deps;
  const inTurn = createTurns();

  /** Replays a page, and answers its last letter, or `undefined` where there was none. Counts also what it did before it throws. */
  async function replayPage(page: Page, count: Mutable<ReplayCount>): Promise<string | undefined> {
    const letters = await deadLetters.list(page);
    const replays: ReplayableLetter[] = [];
    for (const letter of letters) {
      const event = replayOf(letter, clock.now());
      if ('status' in event) count.failed += 1;
      else replays.push({ id: letter.id, event });
    }
    const before = count.replayed;
    try {
      await publishAndRemove(deps, replays, () => (count.replayed += 1));
    } catch (error) {
      count.failed += replays.length - (count.replayed - before);
      throw error;
    }
    return letters.at(-1)?.id;
  }

  function report(error: unknown): void {
    if (codeOf(error) === undefined) observer.failed(WHAT, error);
    else observer.unavailable(WHAT, error);
  }

  return {
    one: (id) =>
      inTurn(async () => {
        const letter = await deadLetters.get(id);
        if (letter === undefined) throw new HttpProblem(unknownLetter);
        const event = replayOf(letter, clock.now());
        if ('status' in event) throw new HttpProblem(event);
        await publishAndRemove(deps, [{ id, event }]);
        return event;
      }),

    async many({ limit, after }) {
      const count = { replayed: 0, failed: 0 };
      const most = Math.min(CHUNK, options.maxBatch);
      try {
        for (let last = after, left = limit; left > 0; left -= most) {
          const page = { limit: Math.min(left, most), after: last };
          last = await inTurn(() => replayPage(page, count));
          if (last === undefined) break;
        }
      } catch (error) {
        if (count.replayed === 0) throw error;
        // The answer says how many, the log why.
        const cause = error instanceof HttpProblem ? error.cause : error;
        if (cause !== undefined) report(cause);
      }
      return count;
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface ReplayableLetter {
  readonly id: string;
  readonly event: ProductEvent;
}

/**
 * Adding comes before removing: whatever happens in between, the update is in one of the two places. Another process may
 * replay the same letters at the same time, which is harmless; the one that removes a letter counts it.
 */
async function publishAndRemove(
  { publisher, deadLetters, observer }: Dependencies,
  replays: readonly ReplayableLetter[],
  onRemoved?: () => void,
): Promise<void> {
  const events = replays.map(({ event }) => event);
  const accepted = observer.accepting(events, undefined);
  await publish(publisher, events);
  accepted();
  const removals = replays.map(({ id }) => deadLetters.remove(id));
  for (const [index, outcome] of (await Promise.allSettled(removals)).entries()) {
    if (outcome.status === 'rejected' || !outcome.value) continue;
    observer.replayed(replays[index]?.id ?? '');
    onRemoved?.();
  }
  // Throws what the first of them rejected with.
  await Promise.all(removals);
}

/** Runs what it is given one after another, whatever becomes of it. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine;
    return mine;
  };
}

function replayOf(letter: DeadLetter, nowMs: number): ProductEvent | Problem {
  const { event } = letter;
  if (event === null) return undecodable;
  return isPlausible(event, nowMs) ? { ...event, replays: event.replays + 1 } : implausible;
}

async function publish(publisher: Publisher<ProductEvent>, events: readonly ProductEvent[]): Promise<void> {
  if (events.length === 0) return;
  try {
    await publisher.publish(events.map((event) => ({ key: event.product_id, body: event, headers: noHeaders })));
  } catch (error) {
    const problem = problemOfPublish(error);
    throw problem === undefined ? error : new HttpProblem(problem, { cause: error });
  }
}
