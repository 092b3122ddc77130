import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createKeyFinder, type ApiKey, type Scope } from './api-keys.ts';
import type { HttpOptions } from './http-dependencies.ts';
import { isCrossSite, isHost, isLoopbackHost } from './origin.ts';
import type { Problem } from './problem.ts';

/** Who asks, as far as that is known: a key, or nobody in particular. */
export type Caller = Pick<ApiKey, 'scopes'> & { readonly name: string | undefined };

/** Decides who may come in, from the headers alone. */
export interface Gate {
  /** The caller, or why not. `scope`: what the route needs; `undefined`: it is open to everybody. */
  admit(req: IncomingMessage, scope: Scope | undefined): Caller | Problem;
  /** Whether the caller may see how the inside is doing: everybody where there are no keys, else `admin`. */
  seesInside(caller: Caller): boolean;
}

const anybody: Caller = { name: undefined, scopes: new Set() };
const realm = 'Bearer realm="product-updates"';

const noHost: Problem = {
  status: 400,
  detail: 'An HTTP/1.1 request needs a Host header',
  reason: 'malformed',
  close: true,
};
const noSuchHost: Problem = {
  ...noHost,
  detail: 'The Host header is neither a name nor an address with perhaps a port',
};
const manyHosts: Problem = { ...noHost, detail: 'A request has one Host header, not several' };
const foreignHost: Problem = {
  status: 403,
  detail: 'Without API keys this server answers only to names of this machine (localhost, 127.0.0.1)',
  reason: 'forbidden',
};
const crossSite: Problem = { status: 403, detail: 'A page of another site may not do this', reason: 'forbidden' };
const noKey: Problem = {
  status: 401,
  detail: 'An API key is needed, as Authorization: Bearer or as X-API-Key',
  reason: 'unauthorized',
  headers: { 'www-authenticate': realm },
};
const unknownKey: Problem = {
  status: 401,
  detail: 'The API key is not valid',
  reason: 'unauthorized',
  headers: { 'www-authenticate': `${realm}, error="invalid_token"` },
};
const scopeMissing = (scope: Scope, key: string | undefined): Problem => ({
  status: 403,
  detail: `The API key lacks the scope "${scope}"`,
  reason: 'forbidden',
  headers: { 'www-authenticate': `${realm}, error="insufficient_scope", scope="${scope}"` },
  key,
});

export function isProblem(value: Caller | Problem): value is Problem {
  return 'status' in value;
}

export function createGate({ apiKeys, allowAnonymous, host: ownHost }: HttpOptions): Gate {
  const hasKeys = apiKeys.length > 0;
  const findKey = createKeyFinder(apiKeys);
  const onlyLoopback = !hasKeys && !allowAnonymous;
  /** Most requests name the host that the one before named. */
  let knownHost: string | undefined;

  function refusalOf(req: IncomingMessage): Problem | undefined {
    const { method, headers } = req;
    const { host } = headers;
    if (host === undefined) return req.httpVersionMinor === 0 ? undefined : noHost;
    if (hasManyHosts(req.rawHeaders)) return manyHosts;
    if (host !== knownHost) {
      if (!isHost(host)) return noSuchHost;
      if (onlyLoopback && !isLoopbackHost(host) && host.replace(/:\d*$/, '') !== ownHost) return foreignHost;
      knownHost = host;
    }
    const isSafe = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
    return !isSafe && isCrossSite(headers) ? crossSite : undefined;
  }

  function authenticate(headers: IncomingHttpHeaders): Caller | Problem {
    const presented = presentedKey(headers);
    if (presented === undefined) return noKey;
    return findKey(presented) ?? unknownKey;
  }

  return {
    admit(req, scope) {
      const refusal = refusalOf(req);
      if (refusal !== undefined) return refusal;
      if (!hasKeys) return anybody;
      const caller = authenticate(req.headers);
      if (scope === undefined) return isProblem(caller) ? anybody : caller;
      if (isProblem(caller)) return caller;
      return caller.scopes.has(scope) ? caller : scopeMissing(scope, caller.name);
    },
    seesInside: (caller) => !hasKeys || caller.scopes.has('admin'),
  };
}

/** RFC 9112, 3.2: a proxy in front may have gone by another one than Node, which takes the first. */
function hasManyHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1;
}

function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const key = bearer ?? headers['x-api-key'];
  return typeof key === 'string' ? key : undefined;
}
