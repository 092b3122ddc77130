/** What one writes without thinking: a bounded buffer where each item and each wait is a promise of its own. */
export interface PromiseQueue<T> {
  put(value: T): Promise<void>;
  take(): Promise<T>;
}

export function createPromiseQueue<T>(capacity: number): PromiseQueue<T> {
  const values: T[] = [];
  const putters: (() => void)[] = [];
  const takers: ((value: T) => void)[] = [];
  return {
    async put(value) {
      const taker = takers.shift();
      if (taker !== undefined) {
        taker(value);
        return;
      }
      values.push(value);
      if (values.length < capacity) return;
      await new Promise<void>((resolve) => {
        putters.push(resolve);
      });
    },
    take() {
      return new Promise<T>((resolve) => {
        if (values.length === 0) {
          takers.push(resolve);
          return;
        }
        resolve(values.shift() as T);
        putters.shift()?.();
      });
    },
  };
}
