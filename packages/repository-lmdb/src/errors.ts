import { CodedError, codeOf } from '@product-updates/errors';
import { translate as translateNative } from '@product-updates/lmdb';

/**
 * What LMDB and its environment say, as the store port tells it: a full disk is `unavailable` there, since room comes back and
 * `full` is the bound on dead letters. An error that neither throws is a bug, and is answered as it is.
 */
export function translate(error: unknown): unknown {
  const coded = translateNative(error, 'the store');
  if (codeOf(coded) !== 'full') return coded;
  return new CodedError('unavailable', (coded as CodedError).message, {
    cause: coded === error ? error : (coded as Error).cause,
  });
}
