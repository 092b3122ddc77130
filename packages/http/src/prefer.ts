/**
 * Whether the client asked for `handling=lenient` (RFC 7240, 4.4): the good ones of an array are queued though others
 * are not. The first `handling` counts.
 */
export function prefersLenient(prefer: string | string[] | undefined): boolean {
  if (prefer === undefined) return false;
  for (const preference of String(prefer).split(',')) {
    const [name, value] = (preference.split(';')[0] ?? '').split('=');
    if (name?.trim().toLowerCase() !== 'handling') continue;
    return /^\s*"?lenient"?\s*$/i.test(value ?? '');
  }
  return false;
}
