import { codeOf } from '@product-updates/errors';

/** Most keys in one question: beyond it the next one begins. */
const MOST_KEYS = 1000;

interface Question<T> {
  readonly keys: Set<string>;
  readonly answer: Promise<Map<string, T>>;
}

/**
 * Joins gets that wait. `ask` begins to wait for a connection at the first get and calls `keys` when it has one; every
 * get until then is in that one question. So a get that meets a free connection is asked alone and at once, and under
 * load the questions grow instead of the queue: no timer, no delay that was not there.
 */
export function joinGets<T>(
  ask: (keys: () => readonly string[]) => Promise<Map<string, T>>,
): (key: string) => Promise<T | undefined> {
  let open: Question<T> | undefined;

  function begin(key: string): Question<T> {
    const keys = new Set([key]);
    let asked = false;
    const isAsked = (): void => {
      asked = true;
      if (open?.keys === keys) open = undefined;
    };
    const answer = ask(() => {
      isAsked();
      return [...keys];
    }).finally(isAsked);
    const question = { keys, answer };
    if (!asked) open = question;
    return question;
  }

  return async (key) => {
    const question = open !== undefined && open.keys.size < MOST_KEYS ? open : begin(key);
    question.keys.add(key);
    try {
      return (await question.answer).get(key);
    } catch (error) {
      // One of the keys is at fault, perhaps another one: each is asked alone.
      if (codeOf(error) !== 'invalid' || question.keys.size === 1) throw error;
      return (await ask(() => [key])).get(key);
    }
  };
}
