import { noHeaders, type Headers } from '@product-updates/queue';

/** W3C Trace Context, 3.2: version, trace id, parent id, flags; a later version may append more. */
const traceparentFormat =
  /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-[\x21-\x7e]{1,200})?$/;

/** The header where it is valid. An invalid one counts as none, as the specification asks. */
export function traceparentOf(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string' || !traceparentFormat.test(header)) return undefined;
  return header.startsWith('00') && header.length !== 55 ? undefined : header;
}

export function messageHeaders(traceparent: string | undefined): Headers {
  return traceparent === undefined ? noHeaders : { traceparent };
}
