import { CodedError } from '@product-updates/errors';
import type { DeadLetter } from '@product-updates/repository';

/** A letter as JSON with the wire's names, its bytes in base64. */
export function letterToText({ id, product_id, reason, error, attempts, failed_at, event, bytes }: DeadLetter): string {
  const base64 = bytes === null ? null : Buffer.from(bytes).toString('base64');
  return JSON.stringify({ id, product_id, reason, error, attempts, failed_at, event, bytes: base64 });
}

/** Throws `misconfigured` for what is no letter of ours: somebody else wrote there. */
export function letterFromText(text: string): DeadLetter {
  try {
    const { bytes, ...letter } = JSON.parse(text) as Omit<DeadLetter, 'bytes'> & { readonly bytes: string | null };
    return { ...letter, bytes: bytes === null ? null : new Uint8Array(Buffer.from(bytes, 'base64')) };
  } catch (error) {
    throw new CodedError('misconfigured', 'a dead letter is not what this store wrote', { cause: error });
  }
}
