import type { DeadLetter, Page } from '@product-updates/repository';
import type { HttpDependencies } from './http-dependencies.ts';
import { HttpProblem } from './problem.ts';
import { createReplay, unknownLetter } from './replay.ts';
import type { Routes } from './route.ts';

type DeadLetterRoutes = Pick<
  Routes,
  'listDeadLetters' | 'getDeadLetter' | 'deleteDeadLetter' | 'replayDeadLetter' | 'replayDeadLetters'
>;

export function createDeadLetterRoutes(deps: HttpDependencies): DeadLetterRoutes {
  const { deadLetters } = deps;
  const replay = createReplay(deps);

  return {
    async listDeadLetters({ query }) {
      const { limit, after } = query as unknown as Page;
      const letters = await deadLetters.list({ limit: limit + 1, after });
      const items = letters.slice(0, limit);
      const next = letters.length > limit ? (items.at(-1)?.id ?? null) : null;
      return { status: 200, body: { items: items.map((letter) => shown(letter)), next } };
    },

    async getDeadLetter({ params: { id = '' } }) {
      const letter = await deadLetters.get(id);
      if (letter === undefined) throw new HttpProblem(unknownLetter);
      const bytes = letter.bytes === null ? null : Buffer.from(letter.bytes).toString('base64');
      return { status: 200, body: { ...shown(letter), bytes } };
    },

    async deleteDeadLetter({ params: { id = '' } }) {
      if (!(await deadLetters.remove(id))) throw new HttpProblem(unknownLetter);
      return { status: 204 };
    },

    async replayDeadLetter({ params: { id = '' } }) {
      const { event_id, replays } = await replay.one(id);
      return { status: 202, body: { message: 'Dead letter queued again', event_id, replays } };
    },

    async replayDeadLetters({ query }) {
      return { status: 202, body: await replay.many(query as unknown as Page) };
    },
  };
}

function shown({ id, product_id, reason, error, attempts, failed_at, event }: DeadLetter): Omit<DeadLetter, 'bytes'> {
  return { id, product_id, reason, error, attempts, failed_at, event };
}
