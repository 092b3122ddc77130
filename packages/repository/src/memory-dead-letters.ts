import { CodedError } from '@product-updates/errors';
import type { DeadLetter, DeadLetterStore } from './dead-letter.ts';
import { SortedIds } from './sorted-ids.ts';

/** The dead letters of a memory store. */
export interface MemoryDeadLetters extends DeadLetterStore {
  /** Forgets everything. */
  clear(): void;
}

/**
 * At most `max` letters. Adding, removing and the start of a page cost a few microseconds at 100,000 letters.
 * `refuseClosed` throws when the store is closed.
 */
export function createMemoryDeadLetters(max: number, refuseClosed: () => void): MemoryDeadLetters {
  const letters = new Map<string, DeadLetter>();
  const ids = new SortedIds();

  return {
    async add(letter) {
      refuseClosed();
      if (!letters.has(letter.id)) {
        if (letters.size >= max) throw new CodedError('full', `the store holds ${max} dead letters, its bound`);
        ids.add(letter.id);
      }
      letters.set(letter.id, ownCopy(letter));
    },
    async list({ limit, after }) {
      refuseClosed();
      return ids.after(after, limit).flatMap((id) => letters.get(id) ?? []);
    },
    async get(id) {
      refuseClosed();
      return letters.get(id);
    },
    async remove(id) {
      refuseClosed();
      const removed = letters.delete(id);
      if (removed) ids.remove(id);
      return removed;
    },
    async count() {
      refuseClosed();
      return letters.size;
    },
    clear() {
      letters.clear();
      ids.clear();
    },
  };
}

/** The bytes may be a view into a large network buffer that is written again. */
function ownCopy(letter: DeadLetter): DeadLetter {
  return { ...letter, bytes: letter.bytes === null ? null : new Uint8Array(letter.bytes) };
}
