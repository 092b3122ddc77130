import { isPlausible, type ProductEvent } from '@product-updates/domain';
import { noHeaders, type Publisher } from '@product-updates/queue';
import type { DeadLetter, Page } from '@product-updates/repository';
import type { HttpDependencies } from './http-dependencies.ts';
import { HttpProblem, problemOfPublish, type Problem } from './problem.ts';

export interface ReplayCount {
  readonly replayed: number;
  readonly failed: number;
}

export interface Replay {
  /**
   * Publishes the letter's event as it was, `replays` + 1, then removes exactly that letter; answers the event. A failure
   * of the replay writes a letter of its own, so the two cannot be taken for each other. Throws an `HttpProblem`: 409 for
   * a letter that can never be replayed, 503 where the queue did not take it; the letter then stays.
   */
  one(letter: DeadLetter): Promise<ProductEvent>;
  /**
   * The same for a page of letters, oldest first, a few at a time. Those that can never be replayed count as failed and
   * stay. Ends early where the queue does not take more; throws that only when nothing was replayed.
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

export function createReplay({ publisher, deadLetters, clock, observer, options }: Dependencies): Replay {
  /** Adding comes before removing: whatever happens in between, the update is in one of the two places. */
  async function publishAndRemove(letters: readonly DeadLetter[], events: readonly ProductEvent[]): Promise<void> {
    const accepted = observer.accepting(events, undefined);
    await publish(publisher, events);
    accepted();
    for (const { id } of letters) observer.replayed(id);
    // Somebody else may have removed one meanwhile: then two replays of it are on their way, which is harmless.
    await Promise.all(letters.map(({ id }) => deadLetters.remove(id)));
  }

  return {
    async one(letter) {
      const event = replayOf(letter, clock.now());
      if ('status' in event) throw new HttpProblem(event);
      await publishAndRemove([letter], [event]);
      return event;
    },

    async many({ limit, after }) {
      const chunk = Math.min(CHUNK, options.maxBatch);
      let replayed = 0;
      let failed = 0;
      let last = after;
      for (let left = limit; left > 0;) {
        const letters = await deadLetters.list({ limit: Math.min(left, chunk), after: last });
        if (letters.length === 0) break;
        const events = letters.map((letter) => replayOf(letter, clock.now()));
        const good = events.filter((event): event is ProductEvent => !('status' in event));
        failed += events.length - good.length;
        try {
          await publishAndRemove(
            letters.filter((_, index) => !('status' in (events[index] ?? undecodable))),
            good,
          );
        } catch (error) {
          if (replayed === 0) throw error;
          return { replayed, failed: failed + good.length };
        }
        replayed += good.length;
        left -= letters.length;
        last = letters.at(-1)?.id;
      }
      return { replayed, failed };
    },
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
