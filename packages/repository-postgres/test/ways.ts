import { readOptions } from '../src/options.ts';

export type Environment = Readonly<Record<string, string>>;

/** Where it would connect to, in turn, and how: `TLS` verifies all, `TLS?` nothing, `TLS~` all but the name. */
export function waysOf(url: string, environment: Environment = {}): string {
  const ways = readOptions(new URL(url), environment).endpoints.map(({ host, port, ssl, onlyWithoutTls }) => {
    const tls =
      ssl === false
        ? 'plain'
        : !ssl.rejectUnauthorized
          ? 'TLS?'
          : ssl.checkServerIdentity === undefined
            ? 'TLS'
            : 'TLS~';
    return `${host}:${port} ${tls}${onlyWithoutTls ? ' if none' : ''}`;
  });
  return ways.join(', ');
}
