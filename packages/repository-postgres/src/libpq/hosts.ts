import { isIPv6 } from 'node:net';

export interface HostAndPort {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
}

const DEFAULT_HOST = 'localhost';
const DEFAULT_PORT = 5432;
const MAX_PORT = 65_535;

/** What says where, each a list with commas or empty: `[::1]:5432,db2` of the URL, else `host` and `port`. */
export interface HostTexts {
  readonly authority: string;
  readonly host: string;
  readonly port: string;
}

/**
 * libpq's list of hosts (manual, "Specifying Multiple Hosts"): one port is that of all hosts, several are one for each.
 * Throws a text that says what is wrong.
 */
export function readHosts({ authority, host, port }: HostTexts): readonly [HostAndPort, ...HostAndPort[]] {
  const written = (authority === '' ? host : authority).split(',').map((each) => each.trim());
  const hosts = authority === '' ? written.map((name) => ({ name, port: '' })) : written.map(parted);
  const inAuthority = hosts.some((each) => each.port !== '');
  const ports = inAuthority ? hosts.map((each) => each.port) : port.split(',').map((each) => each.trim());
  if (ports.length > 1 && ports.length !== hosts.length) {
    throw new RangeError(`${hosts.length} hosts and ${ports.length} ports: give one port for all, or one for each`);
  }
  const all = hosts.map(({ name }, i) => ({
    host: bare(name) || DEFAULT_HOST,
    port: portOf(ports[ports.length === 1 && !inAuthority ? 0 : i] ?? ''),
  }));
  return all as [HostAndPort, ...HostAndPort[]];
}

/** `name:port`, `[address]:port`, or either without a port. */
function parted(text: string): { readonly name: string; readonly port: string } {
  if (isIPv6(text) || text.startsWith('/')) return { name: text, port: '' };
  const [, name = text, port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(text) ?? [];
  return { name, port };
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function portOf(text: string): number {
  if (text === '') return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  // Not quoted: what stands there may be a part of a password.
  if (port < 1 || port > MAX_PORT) throw new RangeError('a port is a number from 1 to 65535');
  return port;
}
