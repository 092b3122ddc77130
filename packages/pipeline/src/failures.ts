/**
 * How often products failed alone. An entry lives only while updates of its product are in the pipeline's hands, which
 * bounds it by the window.
 */
export interface Failures {
  /** One more failed attempt; answers how many that makes. */
  count(product_id: string): number;
  attempts(product_id: string): number;
  /** It failed alone, but so did everything else: whose fault it was shows when it fails again after `writes` grew. */
  suspect(product_id: string, writes: number): void;
  /** Whether a further failure is its own fault: it has failed before while others were written. */
  isKnown(product_id: string, writes: number): boolean;
  forget(product_id: string): void;
  readonly size: number;
}

export function createFailures(): Failures {
  const failing = new Map<string, { attempts: number; writes: number }>();

  return {
    count(product_id) {
      const attempts = (failing.get(product_id)?.attempts ?? 0) + 1;
      failing.set(product_id, { attempts, writes: 0 });
      return attempts;
    },
    attempts: (product_id) => failing.get(product_id)?.attempts ?? 0,
    suspect(product_id, writes) {
      if (!failing.has(product_id)) failing.set(product_id, { attempts: 0, writes });
    },
    isKnown(product_id, writes) {
      const one = failing.get(product_id);
      return one !== undefined && (one.attempts > 0 || writes > one.writes);
    },
    forget(product_id) {
      failing.delete(product_id);
    },
    get size() {
      return failing.size;
    },
  };
}
