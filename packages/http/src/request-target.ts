import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './problem.ts';

/**
 * The request's target as path and query. Clients of a proxy send the whole URL (RFC 9112, 3.2.2), which every server
 * must take: its authority then stands for the `Host` header.
 */
export function toOriginForm(req: IncomingMessage): string {
  const url = req.url ?? '/';
  if (url.startsWith('/')) return url;
  const [, authority, target] = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url) ?? [];
  if (authority === undefined || target === undefined) return url;
  req.headers.host = authority;
  req.url = target.startsWith('/') ? target : `/${target}`;
  return req.url;
}

/** Throws an `HttpProblem` for a target whose percent-encoding is malformed, which a router would take as it is, or with a fragment. */
export function checkTarget(url: string): void {
  if (url.includes('#')) throw new HttpProblem({ status: 400, detail: 'A request has no fragment: encode # as %23' });
  try {
    decodeURIComponent(url.replace(/\?.*$/s, ''));
  } catch (error) {
    throw new HttpProblem({ status: 400, detail: 'The percent-encoding of the path is malformed' }, { cause: error });
  }
}
