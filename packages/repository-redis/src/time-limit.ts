import { CodedError } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';

/**
 * How the work ends, or `unavailable` when it has not ended in time; `onLate` is called then, and how the work ends after
 * that is ignored. `perhaps` ends the message: what may be the reason.
 */
export function withinTime<T>(
  clock: Pick<Clock, 'schedule'>,
  limitMs: number,
  work: Promise<T>,
  onLate: (late: CodedError) => void = () => {},
  perhaps = '',
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(limitMs, () => {
      const late = new CodedError('unavailable', `Redis did not answer within ${limitMs} ms${perhaps}`);
      reject(late);
      onLate(late);
    });
    work.finally(cancel).then(resolve, reject);
  });
}
