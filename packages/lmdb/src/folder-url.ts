import { CodedError, redactUrl } from '@product-updates/errors';

/**
 * The folder that an `lmdb:` URL names: relative to where the process was started (`lmdb:./data/store`) or absolute
 * (`lmdb:/var/lib/store`). Throws `misconfigured` for a URL with a host, a fragment or no folder.
 */
export function folderOf(url: URL): string {
  const { host, hash, pathname } = url;
  const folder = decoded(pathname);
  if (host === '' && hash === '' && folder !== undefined && folder !== '') return folder;
  const forms = 'lmdb:./data/store (relative) or lmdb:/var/lib/store';
  throw new CodedError('misconfigured', `${redactUrl(url)}: names no folder; it is written ${forms}, without a host`);
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
