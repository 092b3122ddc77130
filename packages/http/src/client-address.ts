import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * The group of addresses that a request comes from, for bounds per client. Behind `hops` trusted proxies it is the
 * address that the farthest of them saw, counted from the right of `X-Forwarded-For`: what a client itself writes there
 * stands farther left and is never believed.
 */
export function clientAddress(req: IncomingMessage, hops: number): string {
  const remote = req.socket.remoteAddress ?? '';
  const forwarded = hops === 0 ? undefined : req.headers['x-forwarded-for'];
  if (forwarded === undefined) return addressGroup(remote);
  const addresses = String(forwarded).split(',');
  const seen = withoutPort(addresses[Math.max(0, addresses.length - hops)]?.trim() ?? '');
  return addressGroup(isIP(seen) === 0 ? remote : seen);
}

function withoutPort(address: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
}

/** IPv4 as it is (also when mapped into IPv6); of IPv6 the /64, which is what one client is given. */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [before = '', after = ''] = address.replace(/%.*$/, '').split('::');
  const left = before.split(':').filter((group) => group !== '');
  const right = after.split(':').filter((group) => group !== '');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
