import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files in PEM, of an authority of the test's own and of a server that it certifies, in a temporary folder. */
export interface Certificates extends Disposable {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** `names` as in `DNS:localhost,IP:127.0.0.1`. */
export function makeCertificates(names: string): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' });
  const [authority, authorityKey, key, request, certificate] = [
    'ca.pem',
    'ca.key',
    'key.pem',
    'csr.pem',
    'cert.pem',
  ].map(path) as [string, string, string, string, string];
  openssl(
    'req',
    '-x509',
    ...elliptic,
    '-days',
    '2',
    '-subj',
    '/CN=an authority',
    '-keyout',
    authorityKey,
    '-out',
    authority,
  );
  openssl('req', ...elliptic, '-subj', '/CN=a server', '-keyout', key, '-out', request);
  writeFileSync(path('names'), `subjectAltName=${names}\n`);
  const by = ['-CA', authority, '-CAkey', authorityKey, '-CAcreateserial', '-extfile', path('names')];
  openssl('x509', '-req', '-in', request, ...by, '-days', '2', '-out', certificate);
  return { authority, certificate, key, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
