import { redact } from '@product-updates/errors';
import { expect } from 'chai';

/** In every left-hand text the secrets are spelled `s3cr3t`. */
const texts: readonly (readonly [what: string, text: string, redacted: string])[] = [
  ['a URL', 'cannot reach amqp://user:s3cr3t@host:5672/vhost', 'cannot reach amqp://user:***@host:5672/vhost'],
  ['a URL without a user', 'redis://:s3cr3t@host', 'redis://:***@host'],
  ['an @ in the password', 'amqp://u:s3c@s3cr3t@host/x?y=a@b', 'amqp://u:***@host/x?y=a@b'],
  ['a / in the password', 'amqp://u:s3c/s3cr3t@host', 'amqp://u:***@host'],
  ['a list of URLs', 'kafka://a:s3cr3t@h1,kafka://b:s3cr3t@h2', 'kafka://a:***@h1,kafka://b:***@h2'],
  ['a URL in quotes', `"redis://u:s3cr3t@h" at a@b`, `"redis://u:***@h" at a@b`],
  ['JSON', '{"password":"s3cr3t \\" s3cr3t","a":1}', '{"password":"***","a":1}'],
  ['JSON within JSON', String.raw`"{\"token\":\"s3cr3t\",\"u\":1}"`, String.raw`"{\"token\":\"***\"",\"u\":1}"`],
  ['a list in JSON', '{"apiKeys":["s3cr3t","s3cr3t"],"a":1}', '{"apiKeys":[***],"a":1}'],
  ['JSON cut short', '{"client_secret":"s3cr3t s3cr', '{"client_secret":"***"'],
  [
    'an inspected object',
    `{ authorization: 'Bearer s3cr3t', 'x-api-key': 's3cr3t' }`,
    `{ authorization: '***', 'x-api-key': '***' }`,
  ],
  ['raw headers', `[ 'Authorization', 'Bearer s3cr3t', 'Host', 'h' ]`, `[ 'Authorization', '***', 'Host', 'h' ]`],
  ['another kind of quote inside', `password: "it's s3cr3t"`, `password: "***"`],
  ['an authorization header', 'Authorization: Digest a="s3cr3t", b="s3cr3t"\nHost: h', 'Authorization: ***\nHost: h'],
  ['a cookie header', 'Cookie: a=s3cr3t; b=s3cr3t', 'Cookie: ***'],
  ['an API key header', 'X-API-Key: s3cr3t', 'X-API-Key: ***'],
  ['a query', '/x?access_token=s3cr3t&page=1', '/x?access_token=***&page=1'],
  ['a connection string', 'host=h password=s3cr3t,s3cr3t user=u', 'host=h password=*** user=u'],
  ['an environment', 'DB_PASSWORD=s3cr3t PGUSER=u API_KEYS=a:write:s3cr3t', 'DB_PASSWORD=*** PGUSER=u API_KEYS=***'],
  ['a bare bearer token', 'sent Bearer s3cr3t.s3cr3t_-', 'sent Bearer ***'],
];

const harmless = [
  'http://localhost:8080/products/a@b',
  'http://host/a:b@c',
  'postgres://user@host:5432/db?sslmode=require',
  'https://x.example:443/a, ask a@b.example',
  'API_KEYS: entry 2 has no scope',
  'a token that is not valid',
  'Unexpected token } in JSON at position 4',
];

describe('redact', () => {
  for (const [what, text, redacted] of texts) {
    it(`hides the secret in ${what}`, () => {
      expect(redact(text)).to.equal(redacted).and.not.contain('s3cr3t');
    });
  }

  for (const text of harmless) {
    it(`leaves "${text}" alone`, () => {
      expect(redact(text)).to.equal(text);
    });
  }

  it('takes time in proportion to the length, whatever is in the text', () => {
    // A search that goes back for each position needs minutes for half a million characters of these.
    const pieces = [
      'a://b:',
      'a://b:c/',
      'a://b:c@',
      'password="',
      "pwd='\\",
      'authorization',
      'a',
      '"',
      '\\',
      'token ',
      'token: \\',
      'bearer ',
      'secretaccesskey',
      '[',
      'tokens=[',
      'cookie:',
    ];
    for (const piece of pieces) {
      for (const end of ['', '@', '"', '\n']) redact(piece.repeat(500_000 / piece.length) + end);
    }
  });
});
