import type { IncomingMessage } from 'node:http';
import { clientAddress } from './client-address.ts';
import type { HttpDependencies } from './http-dependencies.ts';
import type { Problem } from './problem.ts';

const PATH_MAX = 200;

/** Reports a refusal because of who asks; any other problem is none of it. */
export function reportDenial(
  { observer, options }: Pick<HttpDependencies, 'observer' | 'options'>,
  req: IncomingMessage,
  { status, detail, key }: Problem,
): void {
  if (status !== 401 && status !== 403 && status !== 429) return;
  const { method = '', url = '' } = req;
  const path = url.replace(/\?.*$/s, '').slice(0, PATH_MAX);
  observer.denied({ status, method, path, address: clientAddress(req, options.trustProxy), key, why: detail });
}
