import { CodedError } from '@product-updates/errors';

/** What bytes are refused with that no codec of ours has written. */
export function undecodable(why: string): CodedError {
  return new CodedError('undecodable', `the message is not a product event: ${why}`);
}
