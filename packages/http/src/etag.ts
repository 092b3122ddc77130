/**
 * A strong validator made of the values, which are all that the answer consists of: `"99.99-50"`, `"-50"` where the
 * price was never set. Both numbers print as in JSON, and neither is ever negative.
 */
export function etagOf(price: number | null, stock: number | null): string {
  return `"${price ?? ''}-${stock ?? ''}"`;
}

/** Whether an `If-None-Match` names this validator: weak comparison (RFC 9110, 13.1.2), a list, or `*`. */
export function matchesEtag(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag) return true;
  return ifNoneMatch.split(',').some((listed) => {
    const candidate = listed.trim();
    return candidate === '*' || candidate === etag || (candidate.startsWith('W/') && candidate.slice(2) === etag);
  });
}
