import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { CodedError } from '@product-updates/errors';
import type { PgTls, TlsVersion } from '../client.ts';

export interface TlsParameters {
  readonly ssl: string;
  readonly sslmode: string;
  readonly sslnegotiation: string;
  readonly sslrootcert: string;
  readonly sslcert: string;
  readonly sslkey: string;
  readonly sslpassword: string;
  readonly sslcrl: string;
  readonly ssl_min_protocol_version: string;
  readonly ssl_max_protocol_version: string;
  readonly channel_binding: string;
}

/** Whether TLS is used, and whether a server without it is used too. */
export interface TlsChoice {
  readonly tls: PgTls | undefined;
  readonly plain: boolean;
}

const WEAK = ['disable', 'allow', 'prefer'];
/** `sslrootcert=system`: the certificates that Node brings along. */
const SYSTEM = 'system';

/**
 * libpq's meaning of `sslmode` (manual, "SSL Support"), and `no-verify` as pg has it. `allow` is taken as `prefer`: it is
 * never less than was asked. Throws `misconfigured`.
 */
export function readTls(read: TlsParameters): TlsChoice {
  const mode = modeOf(read);
  const files = [read.sslrootcert, read.sslcert, read.sslkey, read.sslcrl].some((path) => path !== '');
  if (mode === 'disable') {
    if (files) throw refusal('sslmode=disable and certificates contradict each other');
    if (read.channel_binding === 'require') throw refusal('channel_binding=require needs TLS: sslmode=verify-full');
  }
  if (WEAK.includes(mode) && read.sslnegotiation === 'direct') {
    throw refusal(`sslnegotiation=direct needs TLS: sslmode=verify-full, not ${mode}`);
  }
  if (read.sslrootcert === SYSTEM && mode !== 'verify-full') {
    throw refusal(`sslrootcert=system needs sslmode=verify-full, not ${mode}`);
  }
  const plain = WEAK.includes(mode) && read.channel_binding !== 'require';
  return { tls: mode === 'disable' ? undefined : tlsOf(mode, read), plain };
}

function modeOf({ ssl, sslmode, sslrootcert, sslcert, sslkey }: TlsParameters): string {
  if (sslmode !== '') return sslmode;
  if (ssl === 'true') return 'require';
  return sslrootcert !== '' || sslcert !== '' || sslkey !== '' ? 'verify-full' : 'prefer';
}

function tlsOf(mode: string, read: TlsParameters): PgTls {
  const { sslpassword, ssl_min_protocol_version: min, ssl_max_protocol_version: max } = read;
  const ca = read.sslrootcert === SYSTEM ? '' : fileOf('sslrootcert', read.sslrootcert);
  const [crl, cert, key] = [
    fileOf('sslcrl', read.sslcrl),
    fileOf('sslcert', read.sslcert),
    fileOf('sslkey', read.sslkey),
  ];
  // As libpq: with a root certificate, require is verify-ca.
  const verifies = mode.startsWith('verify-') || (mode === 'require' && ca !== '');
  const tls: PgTls = {
    rejectUnauthorized: verifies,
    ...(verifies && mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ...(ca !== '' && { ca }),
    ...(crl !== '' && { crl }),
    ...(cert !== '' && { cert }),
    ...(key !== '' && { key }),
    ...(sslpassword !== '' && { passphrase: sslpassword }),
    ...(min !== '' && { minVersion: min as TlsVersion }),
    ...(max !== '' && { maxVersion: max as TlsVersion }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    const why = 'postgres: sslrootcert, sslcrl, sslcert, sslkey and sslpassword do not make a TLS client';
    throw new CodedError('misconfigured', why, { cause: error });
  }
  return tls;
}

function fileOf(option: string, path: string): string {
  if (path === '') return '';
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CodedError('misconfigured', `option "${option}": the file cannot be read`, { cause: error });
  }
}

function refusal(why: string): CodedError {
  return new CodedError('misconfigured', `postgres: ${why}`);
}
