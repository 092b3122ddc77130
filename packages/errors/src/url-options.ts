import { CodedError } from './coded-error.ts';
import { redact } from './redact.ts';
import { hasHost, mayHideUser, redactUrl } from './redact-url.ts';

/** How one option in a URL's query is read: a whole number within bounds, one of a few words, or free text. */
export type UrlOption =
  | { readonly type: 'integer'; readonly min: number; readonly max: number; readonly default: number }
  | { readonly type: 'choice'; readonly values: readonly string[]; readonly default: string }
  | { readonly type: 'text'; readonly default: string };

export type UrlOptions<S extends Readonly<Record<string, UrlOption>>> = {
  readonly [K in keyof S]: S[K] extends { type: 'integer' } ? number : string;
};

const ESCAPE = 'percent-encode ? # / and @ in user and password (%3F %23 %2F %40), and an @ anywhere else';

/**
 * Reads the options behind the `?` of an adapter's URL. An option that is unknown, given twice or out of range is
 * `misconfigured`, with the known ones in the message: a typo must not silently mean the default. So is an `@` behind the
 * host, since a part of the password may have been read as host, path or options.
 */
export function readUrlOptions<S extends Readonly<Record<string, UrlOption>>>(url: URL, spec: S): UrlOptions<S> {
  const known = Object.keys(spec);
  if (hasHost(url) && mayHideUser(url)) throw refusal(url, `an @ stands behind the host: ${ESCAPE}`);
  for (const name of url.searchParams.keys()) {
    if (!known.includes(name)) throw refusal(url, `unknown option${quoted(url, ' ', name)}; ${knownOptions(known)}`);
    if (url.searchParams.getAll(name).length > 1) throw refusal(url, `option "${name}" is given twice`);
  }
  const read = Object.entries(spec).map(([name, option]) => [name, readOption(url, name, option)]);
  return Object.fromEntries(read) as UrlOptions<S>;
}

function readOption(url: URL, name: string, option: UrlOption): number | string {
  const text = url.searchParams.get(name);
  if (text === null) return option.default;
  if (option.type === 'text') return text;
  if (option.type === 'choice') {
    if (option.values.includes(text)) return text;
    throw refusal(url, `option "${name}" is one of ${option.values.join(', ')}${quoted(url, ', not ', text)}`);
  }
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= option.min && value <= option.max) return value;
  const range = `from ${option.min} to ${option.max}`;
  throw refusal(url, `option "${name}" is a whole number ${range}${quoted(url, ', not ', text)}`);
}

function knownOptions(known: readonly string[]): string {
  return known.length === 0 ? 'it takes none' : `known: ${known.join(', ')}`;
}

/** Nothing where it may be a part of a password. */
function quoted(url: URL, before: string, text: string): string {
  return mayHideUser(url) ? '' : `${before}"${redact(text)}"`;
}

function refusal(url: URL, why: string): CodedError {
  return new CodedError('misconfigured', `${redactUrl(url)}: ${redact(why)}`);
}
