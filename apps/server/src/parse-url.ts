const POSTGRES = /^(?<before>postgres(?:ql)?:\/\/(?:[^/?#@]*@)?)(?<hosts>[^/?#@]*)(?<after>[/?#].*)?$/;

/**
 * A URL, also one that vendors hand out for PostgreSQL and `URL` refuses: with a port at each of several hosts, or with a
 * user and no host (`postgres://me:pw@/shop?host=/cloudsql/…`). Such hosts are escaped, no host is a space: the adapter
 * reads them so. `undefined` where it is none.
 */
export function parseUrl(text: string): URL | undefined {
  if (URL.canParse(text)) return new URL(text);
  const { before = '', hosts = '', after = '' } = POSTGRES.exec(text)?.groups ?? {};
  if (before === '' || (hosts !== '' && !hosts.includes(','))) return undefined;
  const escaped = hosts === '' ? '%20' : hosts.split(',').map(encodeURIComponent).join(',');
  const url = before + escaped + after;
  return URL.canParse(url) ? new URL(url) : undefined;
}
