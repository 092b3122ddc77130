/** What stands where a secret stood. */
const REDACTED = '***';

/** `scheme://user:password@` anywhere in a text: the user name tells an operator which account, the password nobody. */
const credentialsInUrl = /([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]*@/gi;
/** `password=…`, `token: …` and the like, as options, headers or JSON print them. */
const namedSecret =
  /(\b(?:password|passwd|pwd|secret|token|api[-_]?keys?|authorization|x-api-key)\b["']?\s*[=:]\s*["']?(?:Bearer\s+|Basic\s+)?)[^\s&,;"'}]+/gi;

/** The text without the secrets that URLs, options and headers carry. */
export function redact(text: string): string {
  return text.replace(credentialsInUrl, `$1:${REDACTED}@`).replace(namedSecret, `$1${REDACTED}`);
}

/**
 * One line for a person: the message and those of its causes, redacted, at most `maxLength` UTF-16 units. Never a stack.
 * A cause that only repeats what was said is left out, a chain that runs in a circle ends where it closes.
 */
export function describe(error: unknown, maxLength = 1000): string {
  const said: string[] = [];
  const seen = new Set<unknown>();
  for (let at = error; at !== undefined && at !== null && !seen.has(at) && seen.size < 10; ) {
    seen.add(at);
    const message = messageOf(at);
    if (message !== '' && !said.some((earlier) => earlier.includes(message))) said.push(message);
    at = at instanceof Error ? at.cause : undefined;
  }
  const text = redact(said.join(': '));
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  return String(error);
}
