/** What stands where a secret stood. */
const REDACTED = '***';

/** Names of secrets, in any case, also as the end of a longer name: `DB_PASSWORD`, `sasl.password`, `access_token`. */
const NAME =
  'passw(?:or)?d|passphrase|pwd|secret(?:[-_]?access)?(?:[-_]?key)?|token|private[-_]?key|api[-_]?key|authorization|cookie';
/** A quote, also an escaped one: JSON within JSON. */
const QUOTE = String.raw`\\*["']`;

/** `"password":"…"`, `password: '…'`, `['authorization', '…']`: the value goes up to the closing quote; a list as a whole. */
const quoted = new RegExp(
  String.raw`((?:${NAME})s?(?:\s{0,8}[=:]|${QUOTE}\s{0,8}[=:,])\s{0,8})("(?:[^"\\]|\\[^])*"?|'(?:[^'\\]|\\[^])*'?|\\+["'][^"']*|\[[^\]]*\]?)`,
  'gi',
);
/** Headers whose values hold blanks, commas and semicolons: up to the end of the line. */
const header = /((?:authorization|cookie)\s{0,8}[=:]\s{0,8})[^\s"'\\[][^\r\n]*/gi;
/**
 * `password=…` in a query, a connection string or an option, `x-api-key: …` in a header. The plural needs a `=`, so that
 * a sentence that begins `API_KEYS: …` stays readable.
 */
const bare = new RegExp(String.raw`((?:${NAME})(?:s?\s{0,8}=|\s{0,8}:)\s{0,8})[^\s&;"'\\[][^\s&;"']*`, 'gi');
/** A token that no name announces. */
const bearer = /(\bBearer\s{1,8})[\w.~+/=-]{8,}/gi;

/** What a URL in a text cannot contain, and so where it ends. */
const urls = /[^\s"'<>`]+/g;

/**
 * The text without the secrets that URLs, headers, options, JSON and connection strings carry. The user name in a URL
 * stays: it tells an operator which account. In doubt more goes than must. Takes time in proportion to the length of the
 * text, whatever is in it.
 */
export function redact(text: string): string {
  return text
    .replace(urls, (run) => (run.includes('://') ? withoutPasswords(run) : run))
    .replace(quoted, (_, name: string, value: string) => name + blanked(value))
    .replace(header, `$1${REDACTED}`)
    .replace(bare, `$1${REDACTED}`)
    .replace(bearer, `$1${REDACTED}`);
}

function blanked(value: string): string {
  if (value.startsWith('[')) return `[${REDACTED}]`;
  const quote = value.slice(0, value.search(/["']/) + 1);
  return quote + REDACTED + quote;
}

/** `scheme://user:password@host`, one or more of them in a run without blanks. */
function withoutPasswords(run: string): string {
  const last = run.lastIndexOf('@');
  let out = '';
  let copied = 0;
  for (let at = run.indexOf('://'); at !== -1 && at < last; at = run.indexOf('://', copied)) {
    const start = at + 3;
    const authority = authorityAt(run, start);
    const from = start + authority.indexOf(':') + 1;
    const to = from === start ? -1 : endOfPassword(authority.slice(from - start), from, last);
    if (to !== -1) out += run.slice(copied, from) + REDACTED;
    else out += run.slice(copied, start + authority.length);
    copied = to === -1 ? start + authority.length : to;
  }
  return out + run.slice(copied);
}

/**
 * Where the password that begins at `from` ends; -1 where there is none. It may hold an `@` that should have been
 * escaped, so the last one counts; with a `/` that should have been escaped it reaches beyond the authority, up to the
 * `last` one of all.
 */
function endOfPassword(rest: string, from: number, last: number): number {
  const at = rest.lastIndexOf('@');
  if (at !== -1) return from + at;
  return /^\d{0,5}$/.test(rest) || last < from ? -1 : last;
}

function authorityAt(run: string, start: number): string {
  const length = run.slice(start).search(/[/?#]/);
  return length === -1 ? run.slice(start) : run.slice(start, start + length);
}
