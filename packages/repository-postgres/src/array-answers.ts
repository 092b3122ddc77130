/** PostgreSQL arrays as the server writes them (manual, "Array Input and Output Syntax"): of one dimension, from 1. */

/** Of `text[]` without nulls. */
export function textsIn(array: string): string[] {
  if (array === '{}') return [];
  if (!array.includes('"')) return array.slice(1, -1).split(',');
  return Array.from(array.matchAll(ELEMENTS), ([plain, quoted]) => quoted?.replace(ESCAPED, '$1') ?? plain);
}

const ELEMENTS = /"((?:[^"\\]|\\[^])*)"|[^,{}]+/g;
const ESCAPED = /\\([^])/g;

/** The next element at each call, and `null` for a null; after the last one, anything. */
export type NextNumber = () => number | null;

/** Of `bigint[]` or `numeric[]`, read in step with other columns: no list of texts or numbers is made. */
export function numbersIn(array: string): NextNumber {
  let at = 1;
  return () => {
    const comma = array.indexOf(',', at);
    const end = comma === -1 ? array.length - 1 : comma;
    const text = array.slice(at, end);
    at = end + 1;
    return text === 'NULL' ? null : Number(text);
  };
}
