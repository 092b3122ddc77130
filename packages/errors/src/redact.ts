import { REDACTED, withoutUrlPasswords } from './redact-url.ts';

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
/** Words that name a secret only where a `=` follows. */
const OPTION = 'sasl|pass|auth|credentials?';
/** What a value without quotes is made of: no white space that no backslash escapes, no quote that closes something. */
const VALUE = String.raw`\\[^\r\n]|[^\s&;"'\\]|["'](?![\s,;:)}\]]|$)`;
/** `password=…` in a query, a connection string or an option: up to a `&` or `;` that the next option follows. */
const option = new RegExp(
  String.raw`((?:(?:${NAME})s?|${OPTION})\s{0,8}=\s{0,8})(?!["'[]|\\+["'])(?:${VALUE}|[&;](?![\w.-]{1,64}=))+`,
  'gi',
);
/** `x-api-key: …`. Not the plural, so that a sentence that begins `API_KEYS: …` stays readable. */
const field = new RegExp(String.raw`((?:${NAME})\s{0,8}:\s{0,8})(?!["'[]|\\+["'])(?:${VALUE}|[&;])+`, 'gi');
/** A token that no name announces. */
const bearer = /(\bBearer\s{1,8})[\w.~+/=-]{8,}/gi;

/**
 * The text without the secrets that URLs, headers, options, JSON and connection strings carry. The user name in a URL
 * stays: it tells an operator which account. In doubt more goes than must. Takes time in proportion to the length of the
 * text, whatever is in it.
 */
export function redact(text: string): string {
  return text
    .replace(quoted, (_, name: string, value: string) => name + blanked(value))
    .replace(header, `$1${REDACTED}`)
    .replace(option, `$1${REDACTED}`)
    .replace(field, `$1${REDACTED}`)
    .replace(bearer, `$1${REDACTED}`)
    .replace(/[^\r\n]+/g, (line) => (line.includes('://') ? withoutUrlPasswords(line) : line));
}

function blanked(value: string): string {
  if (value.startsWith('[')) return `[${REDACTED}]`;
  const quote = value.slice(0, value.search(/["']/) + 1);
  return quote + REDACTED + quote;
}
