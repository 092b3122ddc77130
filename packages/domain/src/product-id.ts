import { MAX_PRODUCT_ID_LENGTH } from './product-update.ts';

/** What Unicode calls white space; `trim` also takes U+FEFF, which is none, and leaves U+0085. */
const whiteSpaceAtEnds = /^\p{White_Space}+|\p{White_Space}+$/gu;

/**
 * Whether a text may name a product: 1 to 128 characters, well-formed Unicode in NFC, no control characters (C0, DEL,
 * C1), no white space at the ends; not `.` or `..`, which no URL can name. ASCII, the usual case, costs one pass.
 */
export function isProductId(text: string): boolean {
  const { length } = text;
  if (length === 0 || length > 2 * MAX_PRODUCT_ID_LENGTH) return false;
  for (let i = 0; i < length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit === 0x7f) return false;
    if (unit > 0x7f) return faultsOfProductId(text).length === 0;
  }
  if (length > MAX_PRODUCT_ID_LENGTH) return false;
  return text.charCodeAt(0) !== 0x20 && text.charCodeAt(length - 1) !== 0x20 && text !== '.' && text !== '..';
}

/** What is wrong with the text as a product id, as the ends of sentences that begin with `product_id`. */
export function faultsOfProductId(text: string): readonly string[] {
  if (text === '') return ['must not be empty'];
  if (isTooLong(text)) return [`must be at most ${MAX_PRODUCT_ID_LENGTH} characters long`];
  if (!text.isWellFormed()) return ['must be well-formed Unicode: it holds half of a surrogate pair'];
  if (text === '.' || text === '..') return [`must not be "${text}": no URL can name it`];
  const trimmed = text.replaceAll(whiteSpaceAtEnds, '');
  const faults: string[] = [];
  if (trimmed !== text) faults.push('must have no white space at its ends: trim it');
  if (/\p{Cc}/u.test(trimmed)) faults.push('must hold no control characters');
  if (text.normalize('NFC') !== text) faults.push('must be in Unicode normalisation form C: send it normalised to NFC');
  return faults;
}

function isTooLong(text: string): boolean {
  if (text.length <= MAX_PRODUCT_ID_LENGTH) return false;
  if (text.length > 2 * MAX_PRODUCT_ID_LENGTH) return true;
  let characters = 0;
  for (const _ of text) characters += 1;
  return characters > MAX_PRODUCT_ID_LENGTH;
}
