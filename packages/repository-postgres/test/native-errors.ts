import type { ErrorTable } from '@product-updates/repository/contract';

type Code = ErrorTable['rows'][number]['code'];

/** By class or code; the manual's appendix A says what each is. */
const states: Readonly<Record<string, Code>> = {
  '08000': 'unavailable',
  '08006': 'unavailable',
  '08P01': 'unavailable',
  '0A000': 'unavailable',
  '22003': 'invalid',
  '22021': 'invalid',
  '22P05': 'invalid',
  '23502': 'invalid',
  '23514': 'invalid',
  '25006': 'unavailable',
  '25P02': 'unavailable',
  '25P03': 'unavailable',
  '26000': 'misconfigured',
  '28000': 'misconfigured',
  '28P01': 'misconfigured',
  '3D000': 'misconfigured',
  '3F000': 'misconfigured',
  '38000': 'invalid',
  '40001': 'unavailable',
  '40P01': 'unavailable',
  '42501': 'misconfigured',
  '42703': 'misconfigured',
  '42P01': 'misconfigured',
  '42P05': 'misconfigured',
  '44000': 'invalid',
  '53100': 'unavailable',
  '53200': 'unavailable',
  '53300': 'unavailable',
  '54000': 'invalid',
  '55000': 'unavailable',
  '55006': 'unavailable',
  '55P03': 'unavailable',
  '57014': 'unavailable',
  '57P01': 'unavailable',
  '57P02': 'unavailable',
  '57P03': 'unavailable',
  '57P04': 'misconfigured',
  '58030': 'unavailable',
  HV000: 'unavailable',
  P0001: 'invalid',
  XX000: 'unavailable',
  XX001: 'unavailable',
};

/** Of `isNetworkError`'s table, which has tests of its own. */
const networkCodes: Readonly<Record<string, Code>> = {
  EACCES: 'unavailable',
  ECONNREFUSED: 'unavailable',
  EPERM: 'unavailable',
  CERT_HAS_EXPIRED: 'unavailable',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unavailable',
  ERR_TLS_CERT_ALTNAME_INVALID: 'unavailable',
};

const messages: Readonly<Record<string, Code>> = {
  'Connection terminated': 'unavailable',
  'Connection terminated unexpectedly': 'unavailable',
  'Client has encountered a connection error and is not queryable': 'unavailable',
  'timeout expired': 'unavailable',
  'timeout exceeded when trying to connect': 'unavailable',
  'There was an error establishing an SSL connection': 'unavailable',
  'The server does not support SSL connections': 'misconfigured',
  'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string': 'misconfigured',
};

/** As `pg` throws them. */
export function serverError(code: string, message = `state ${code}`): Error {
  return Object.assign(new Error(message), { code, severity: 'ERROR', length: 1, detail: undefined });
}

export const nativeErrors: ErrorTable['rows'] = [
  ...Object.entries(states).map(([state, code]) => ({ name: state, native: serverError(state), code })),
  ...Object.entries(networkCodes).map(([name, code]) => ({
    name,
    native: Object.assign(new Error(name), { code: name }),
    code,
  })),
  ...Object.entries(messages).map(([name, code]) => ({ name, native: new Error(name), code })),
  {
    name: 'a startup parameter that a pooler refuses',
    native: serverError('08P01', 'unsupported startup parameter: statement_timeout'),
    code: 'misconfigured',
  },
  {
    name: 'several addresses that all refuse',
    native: Object.assign(new AggregateError([new Error('one')], ''), { code: 'ECONNREFUSED' }),
    code: 'unavailable',
  },
];
