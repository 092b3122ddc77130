import { inspect } from 'node:util';
import { redact } from './redact.ts';

/** How many errors of one chain, and of one aggregate, are told. */
const MAX_DEPTH = 10;
const MAX_SIBLINGS = 5;
/** Longer messages are cut before they are searched for secrets: what lies behind is never shown. */
const MAX_MESSAGE = 16_384;

/**
 * One line for a person: the message and those of its causes, redacted, without control characters, at most `maxLength`
 * UTF-16 units. Never a stack; never throws, whatever was thrown. A cause that only repeats what was said is left out, a
 * chain that runs in a circle ends where it closes.
 */
export function describe(error: unknown, maxLength = 1000): string {
  const text = chainOf(error, new Set());
  return text.length <= maxLength ? text : `${cut(text, maxLength - 1)}…`;
}

function chainOf(error: unknown, seen: Set<unknown>): string {
  const said: string[] = [];
  for (
    let at = error;
    at !== undefined && at !== null && !seen.has(at) && seen.size < MAX_DEPTH;
    at = read(at, 'cause')
  ) {
    seen.add(at);
    const message = oneLine(messageOf(at, seen));
    if (message !== '' && !said.some((earlier) => earlier.includes(message))) said.push(message);
  }
  return said.join(': ');
}

function messageOf(error: unknown, seen: Set<unknown>): string {
  if (typeof error === 'string') return error;
  if (typeof error !== 'object') return inspect(error);
  const message = read(error, 'message');
  const parts = [typeof message === 'string' ? message : '', ...partsOf(error).map((part) => chainOf(part, seen))];
  const text = parts.filter((part) => part !== '').join('; ');
  if (text !== '') return text;
  const name = read(error, 'name');
  return typeof name === 'string' && name !== '' ? name : 'an object that is not an error was thrown';
}

/** The errors that stand side by side in this one: an AggregateError's, or a SuppressedError's (of a failed disposal). */
function partsOf(error: unknown): unknown[] {
  if (read(error, 'name') === 'SuppressedError') return [read(error, 'error'), read(error, 'suppressed')];
  const errors = read(error, 'errors');
  return Array.isArray(errors) ? errors.slice(0, MAX_SIBLINGS) : [];
}

function read(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    return (value as Readonly<Record<string, unknown>>)[name];
  } catch {
    return undefined; // A getter that throws says nothing.
  }
}

function oneLine(message: string): string {
  const readable = message.length > MAX_MESSAGE ? `${wordsOf(message.slice(0, MAX_MESSAGE))} …` : message;
  return redact(readable)
    .replace(/[\s\u2028\u2029]+/g, ' ')
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\u{fffd}')
    .trim();
}

/**
 * Without the last word, and without a last URL that has no @: the cut may have parted it, and half a URL no longer looks
 * like one with a password.
 */
function wordsOf(text: string): string {
  const url = text.lastIndexOf('://');
  const whole = url > text.lastIndexOf('@') ? text.slice(0, url) : text;
  return whole.slice(0, Math.max(whole.lastIndexOf(' '), 0));
}

/** Not between the halves of a surrogate pair. */
function cut(text: string, length: number): string {
  return /[\ud800-\udbff]/.test(text.charAt(length - 1)) ? text.slice(0, length - 1) : text.slice(0, length);
}
