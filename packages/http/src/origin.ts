import type { IncomingHttpHeaders } from 'node:http';

const loopback =
  /^(?:(?:[a-z\d-]+\.)*localhost\.?|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:127(?:\.\d{1,3}){3}\])(?::\d{1,5})?$/i;

const host = /^(?:\[[\da-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i;

/** Whether a `Host` has the form of one: a name or an address, and perhaps a port (RFC 9110, 7.2; RFC 3986, 3.2.2). */
export function isHost(text: string): boolean {
  return host.test(text);
}

/** Whether a `Host` names this machine. A page that rebinds its DNS name to 127.0.0.1 still sends its own name. */
export function isLoopbackHost(host: string): boolean {
  return loopback.test(host);
}

/**
 * Whether a browser sent this on behalf of a page from elsewhere. Browsers set both headers and no page can change them;
 * other clients send neither. `Sec-Fetch-Site` decides where it is there, for behind a proxy `Host` may not be the name
 * that the browser knows.
 */
export function isCrossSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  if (origin === undefined) return false;
  const sender = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  return sender === undefined || sender.toLowerCase() !== headers.host?.toLowerCase();
}
