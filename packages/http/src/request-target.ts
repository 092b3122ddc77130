import type { IncomingMessage } from 'node:http';
import { isHost } from './origin.ts';
import { HttpProblem } from './problem.ts';

/**
 * The request's target as path and query. Clients of a proxy send the whole URL (RFC 9112, 3.2.2), which every server
 * must take: its authority then stands for the `Host` header, unless that is missing or malformed, which is refused all the same.
 */
export function toOriginForm(req: IncomingMessage): string {
  const url = req.url ?? '/';
  if (url.startsWith('/')) return url;
  const [, authority, target] = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url) ?? [];
  if (authority === undefined || target === undefined) return url;
  const { headers, httpVersionMinor, method } = req;
  if (headers.host === undefined ? httpVersionMinor === 0 : isHost(headers.host)) headers.host = authority;
  if (target.startsWith('/')) req.url = target;
  // RFC 9112, 3.2.4: asked of a proxy, this is `OPTIONS *`.
  else req.url = target === '' && method === 'OPTIONS' ? '*' : `/${target}`;
  return req.url;
}

/** Throws an `HttpProblem` for a target that is no path, has a fragment, or is encoded badly, which a router would take as it is. */
export function checkTarget(req: IncomingMessage): void {
  const url = toOriginForm(req);
  if (!url.startsWith('/') && !(url === '*' && req.method === 'OPTIONS')) {
    throw new HttpProblem({ status: 400, detail: 'The target of a request is a path, or an http or https URL' });
  }
  if (url.includes('#')) throw new HttpProblem({ status: 400, detail: 'A request has no fragment: encode # as %23' });
  try {
    decodeURIComponent(url.replace(/\?.*$/s, ''));
  } catch (error) {
    throw new HttpProblem({ status: 400, detail: 'The percent-encoding of the path is malformed' }, { cause: error });
  }
}
