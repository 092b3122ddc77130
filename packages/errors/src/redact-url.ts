/** What stands where a secret stood. */
export const REDACTED = '***';

/**
 * A URL for a message: scheme, user, host, path and the names of its options. Passwords, the values of options and what
 * stands behind a `#` are left out, and all but the scheme where the password may reach beyond the place of one.
 */
export function redactUrl(url: URL): string {
  const { protocol, username, password, host, pathname, searchParams } = url;
  const slashes = hasHost(url) ? '//' : '';
  if (mayHideUser(url)) return protocol + slashes + REDACTED;
  const user = username + (password === '' ? '' : `:${REDACTED}`);
  const options = [...searchParams.keys()].map((name) => `${name}=${REDACTED}`).join('&');
  return protocol + slashes + (user === '' ? '' : `${user}@`) + host + pathname + (options === '' ? '' : `?${options}`);
}

/**
 * Whether an `@` stands behind the host. It may be the end of a user and password that hold an unescaped `/`, `?` or `#`:
 * of `redis://shop:2024?Summer!@host` a parser makes a host `shop`, a port and an option.
 */
export function mayHideUser({ pathname, search, hash }: URL): boolean {
  return (pathname + search + hash).includes('@');
}

/** Whether a place for user, password and host is there, though it may be empty. */
export function hasHost({ href, protocol }: URL): boolean {
  return href.startsWith('//', protocol.length);
}

const schemes = /[a-z][a-z0-9+.-]*:\/\//gi;
/** Where another URL begins, and not a part of a password. */
const ANOTHER =
  /[\s,;|"'`(<[=](?:postgres(?:ql)?|rediss?|amqps?|kafka(?:\+ssl)?|lmdb|sqlite|memory|mysql|mongodb(?:\+srv)?|https?):$/i;
/** Hosts with or without ports, as in `h1:9092,[::1]:9092`. */
const HOSTS = /^(?:\[[^\]]*\]|[^:,[\]]*)(?::\d{0,5})?(?:,(?:\[[^\]]*\]|[^:,[\]]*)(?::\d{0,5})?)*$/;
/** A user that no part of a password can be taken for. */
const USER = /^[\w.~%+!$*-]*$/;
/** What was redacted before. */
const done = /(?:[\w.~%+!$-]*:)?\*\*\*(?=[@:,;\s"']|$)/y;

/** One line of a text without the passwords in its URLs. Takes time in proportion to its length. */
export function withoutUrlPasswords(line: string): string {
  const found = [...line.matchAll(schemes)];
  const lastAt = line.lastIndexOf('@');
  let word = { end: 0, lastAt: -1 };
  let out = '';
  let copied = 0;
  for (const [i, { index, 0: scheme }] of found.entries()) {
    const start = index + scheme.length;
    done.lastIndex = start;
    if (index < copied || /^file:/i.test(scheme) || done.test(line)) continue;
    if (start >= word.end) word = wordAt(line, start);
    const authority = authorityAt(line, start, word.end);
    const plain = !authority.includes('@') && HOSTS.test(authority);
    const web = /^https?:/i.test(scheme);
    let at = -1;
    // The path of a web address may hold an @, and what follows white space is another word.
    if (web && plain ? authority.includes(':') && word.lastAt >= start : lastAt >= start) {
      const end = endOfPassword(line, found, i);
      at = line.lastIndexOf('@', (web && word.lastAt >= start ? Math.min(end, word.end) : end) - 1);
    }
    const secret =
      at >= start ? secretBefore(line, start, at) : plain ? undefined : secretWithoutHost(line, start, authority);
    if (secret === undefined) continue;
    out += line.slice(copied, start) + secret.shown;
    copied = secret.end;
  }
  return out + line.slice(copied);
}

/** Up to the next white space. */
function wordAt(line: string, start: number): { readonly end: number; readonly lastAt: number } {
  const end = indexOf(/\s/g, line, start);
  const at = line.slice(start, end).lastIndexOf('@');
  return { end, lastAt: at === -1 ? -1 : start + at };
}

function authorityAt(line: string, start: number, end: number): string {
  return line.slice(start, Math.min(end, indexOf(/[/?#\\\s"'<>`]/g, line, start)));
}

/** The length of the line where there is none. */
function indexOf(pattern: RegExp, line: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.exec(line)?.index ?? line.length;
}

/**
 * How far a password can reach: up to the quote that closes the URL or to the next URL, where an @ comes before, else up to
 * the end of the line.
 */
function endOfPassword(line: string, found: readonly RegExpExecArray[], i: number): number {
  const { index, 0: scheme } = found[i] as RegExpExecArray;
  const firstAt = line.indexOf('@', index + scheme.length);
  const quote = line.charAt(index - 1);
  const closing = /["'`]/.test(quote) ? line.indexOf(quote, firstAt) : -1;
  const end = closing === -1 ? line.length : closing;
  for (let j = i + 1; j < found.length; j++) {
    const { index: next, 0: nextScheme } = found[j] as RegExpExecArray;
    if (next >= end) break;
    if (next > firstAt && ANOTHER.test(line.slice(next - 1, next + nextScheme.length - 2))) return next;
  }
  return end;
}

interface Secret {
  readonly shown: string;
  readonly end: number;
}

function secretBefore(line: string, start: number, at: number): Secret | undefined {
  const text = line.slice(start, at);
  const colon = text.indexOf(':');
  const user = colon === -1 ? text : text.slice(0, colon);
  if (!USER.test(user)) return { shown: REDACTED, end: at };
  return colon === -1 ? undefined : { shown: `${user}:${REDACTED}`, end: at };
}

/** A URL that was cut, or that names no host. */
function secretWithoutHost(line: string, start: number, authority: string): Secret {
  const colon = authority.indexOf(':');
  const user = authority.slice(0, Math.max(colon, 0));
  const end = indexOf(/[\s"'<>`]/g, line, start);
  return { shown: colon !== -1 && USER.test(user) ? `${user}:${REDACTED}` : REDACTED, end };
}
