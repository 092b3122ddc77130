const MAX_LENGTH = 40;

/** What must not reach a terminal or a log as it is: control and direction characters, line separators, lone surrogates. */
const unprintable = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** A text from outside in quotes, for a message: at most 40 characters of it, with what is not printable escaped as in JSON. */
export function excerpt(text: string): string {
  const characters = Array.from(text.slice(0, 2 * MAX_LENGTH + 1));
  const shown = JSON.stringify(characters.slice(0, MAX_LENGTH).join('')).replace(unprintable, escaped);
  return characters.length > MAX_LENGTH ? `${shown.slice(0, -1)}…"` : shown;
}

/** Whether a text can stand in a message as it is. */
export function isPrintable(text: string): boolean {
  return text.search(unprintable) === -1;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
