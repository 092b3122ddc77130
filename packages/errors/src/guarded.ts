/**
 * A function that only tells: it never throws and leaves no rejection unhandled. What `tell` throws, or rejects with, goes
 * to `onThrow`, which must not throw.
 */
export function guarded<Args extends readonly unknown[]>(
  tell: (...args: Args) => void,
  onThrow: (error: unknown) => void = () => {},
): (...args: Args) => void {
  return (...args) => {
    try {
      const answer: unknown = tell(...args);
      // TypeScript takes an async function where one without an answer is asked for.
      if (answer instanceof Promise) answer.catch(onThrow);
    } catch (error) {
      onThrow(error);
    }
  };
}
