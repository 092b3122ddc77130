import { CodedError, codeOf, readUrlOptions, type UrlOption } from '@product-updates/errors';

/** The environment, as far as it is given. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** libpq's variables and the parameter that each is the default of (manual, "Environment Variables"). */
const VARIABLES = {
  PGHOST: 'host',
  PGPORT: 'port',
  PGDATABASE: 'dbname',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGAPPNAME: 'application_name',
  PGOPTIONS: 'options',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGTARGETSESSIONATTRS: 'target_session_attrs',
  PGLOADBALANCEHOSTS: 'load_balance_hosts',
  PGCHANNELBINDING: 'channel_binding',
  PGGSSENCMODE: 'gssencmode',
  PGSSLMODE: 'sslmode',
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGSSLCRL: 'sslcrl',
  PGSSLSNI: 'sslsni',
  PGSSLCOMPRESSION: 'sslcompression',
  PGSSLMINPROTOCOLVERSION: 'ssl_min_protocol_version',
  PGSSLMAXPROTOCOLVERSION: 'ssl_max_protocol_version',
} as const;

/** What decides where libpq connects, or whom it trusts, and cannot be done here. */
const REFUSED = [
  'PGHOSTADDR',
  'PGREQUIREAUTH',
  'PGREQUIREPEER',
  'PGREQUIRESSL',
  'PGSERVICE',
  'PGSSLCERTMODE',
  'PGSSLCRLDIR',
];

/**
 * The parameters that the environment gives, checked as those of a URL are. Empty counts as not set. Throws
 * `misconfigured`, naming the variable, for what cannot be done and for a value that is not known.
 */
export function readEnvironment(
  environment: Environment,
  known: Readonly<Record<string, UrlOption>>,
): ReadonlyMap<string, string> {
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  const refused = REFUSED.find(isSet);
  if (refused !== undefined) {
    throw new CodedError('misconfigured', `postgres: ${refused} is set, which is not supported: unset it`);
  }
  const set = Object.entries(VARIABLES).filter(([variable]) => isSet(variable));
  return new Map(set.map(([variable, name]) => [name, checked(variable, name, environment[variable] ?? '', known)]));
}

function checked(variable: string, name: string, text: string, known: Readonly<Record<string, UrlOption>>): string {
  const url = new URL('postgres:');
  url.searchParams.set(name, text);
  try {
    readUrlOptions(url, known);
  } catch (error) {
    throw new CodedError(codeOf(error) ?? 'misconfigured', `${variable} in the environment`, { cause: error });
  }
  return text;
}
