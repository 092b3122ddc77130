import { CodedError } from '@product-updates/errors';
import type { Keys } from './keys.ts';
import type { Wire } from './link.ts';

/** Of the layout that keys.ts and merge-script.ts describe. A change that an older version would misread counts it up. */
const FORMAT = 1;

/**
 * Writes the number of the layout where there is none yet, in one step, also when several processes open at once; rejects
 * `misconfigured` where a newer version has written.
 */
export async function checkFormat(wire: Wire, keys: Keys): Promise<void> {
  const { format } = keys;
  // Asked first, so that a full server, which takes no write, can still be read.
  const found =
    (await wire.send(format, ['GET', format])) ??
    (await wire.send(format, ['SET', format, String(FORMAT), 'NX', 'GET']));
  if (found === null || found === String(FORMAT)) return;
  const newer = Number(found) > FORMAT;
  const why = newer
    ? `written by a newer version (format ${String(found)}, this one knows ${FORMAT})`
    : 'not written by this store';
  throw new CodedError('misconfigured', `what stands under ${JSON.stringify(format)} was ${why}`);
}
