import { redact } from '@product-updates/errors';
import { expect } from 'chai';
import * as fc from 'fast-check';

/** In every left-hand text the secrets are spelled `s3cr3t`. */
const texts: readonly (readonly [what: string, text: string, redacted: string])[] = [
  ['a URL', 'cannot reach amqp://user:s3cr3t@host:5672/vhost', 'cannot reach amqp://user:***@host:5672/vhost'],
  ['a URL without a user', 'redis://:s3cr3t@host', 'redis://:***@host'],
  ['an @ in the password', 'amqp://u:s3c@s3cr3t@host/x', 'amqp://u:***@host/x'],
  ['a URL with an @ in its options', 'amqp://u:s3cr3t@host/x?y=a@b', 'amqp://u:***@b'],
  ['a ? in the password', 'postgresql://shop:2024?s3cr3t!@h/shop', 'postgresql://shop:***@h/shop'],
  ['a # in the password', 'redis://shop:12#s3cr3t@h', 'redis://shop:***@h'],
  ['a / behind digits', 'redis://shop:12/s3cr3t@h', 'redis://shop:***@h'],
  ['the same in a web address', 'at https://shop:12/s3cr3t@h/v1, or a@b', 'at https://shop:***@h/v1, or a@b'],
  ['a blank in the password', 'redis://shop:12 s3cr3t@h refused', 'redis://shop:***@h refused'],
  ['a quote in the password', `redis://shop:"s3cr3t'@h refused`, 'redis://shop:***@h refused'],
  ['a quote in a quoted URL', `"redis://shop:a"s3cr3t@h" at a@b`, `"redis://shop:***@h" at a@b`],
  ['a URL in the password', 'redis://shop:s3c://s3cr3t@h', 'redis://shop:***@h'],
  ['a list that begins without a user', 'redis://h1:1,redis://u:s3cr3t@h2', 'redis://h1:***@h2'],
  ['a user that may be a password', 'redis://s3c/s3cr3t@h', 'redis://***@h'],
  ['a URL without a host', 'redis://shop:s3cr3t is cut', 'redis://shop:*** is cut'],
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
  ['an escaped blank', String.raw`host=h password=a\ s3cr3t user=u`, 'host=h password=*** user=u'],
  ['a & in a connection string', 'host=h password=a&s3cr3t;s3cr3t user=u', 'host=h password=*** user=u'],
  ['a sasl option', 'kafka://h1:9092,h2:9092/t?sasl=plain:u:s3cr3t&x=1', 'kafka://h1:9092,h2:9092/t?sasl=***&x=1'],
  ['an environment', 'DB_PASSWORD=s3cr3t PGUSER=u API_KEYS=a:write:s3cr3t', 'DB_PASSWORD=*** PGUSER=u API_KEYS=***'],
  ['a bare bearer token', 'sent Bearer s3cr3t.s3cr3t_-', 'sent Bearer ***'],
];

const harmless = [
  'http://localhost/products/a@b',
  'file:///srv/node_modules/@redis/client/index.js:1:2',
  'kafka://h1:9092,[::1]:9092/topic',
  'redis://shop:***@h: write @ as %40',
  'redis://***: write @ as %40',
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
    // A search that goes back for each position needs minutes for as many characters of these.
    const pieces = [
      'a://b:',
      'a://b:c/',
      'a://b:c@',
      'a://b ',
      'a://b@h ',
      "'a://b@h,",
      '<a://b@h,',
      'http://b:1/',
      'http://b/@',
      'http://b:1 ',
      'password=&',
      'password=\\ ',
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
      for (const end of ['', '@', ' @', '"', '\n']) redact(piece.repeat(200_000 / piece.length) + end);
    }
  }).timeout(60_000);

  /** Passwords as people make them, and worse: whatever delimits something in a URL, a text, JSON or a shell. */
  const nasty = fc.string({
    unit: fc.constantFrom(...Array.from('abcxyz0123456789?#/@\\:%&;,=+!~[]{}|<>^$()é√😀'), '%zz', '%40', '://'),
    minLength: 4,
    maxLength: 24,
  });
  const places: [where: string, of: (password: string) => string, also: string][] = [
    ['a URL', (password) => `postgresql://USER:${password}@HOST/DATABASE`, ` "'\``],
    ['a URL without a user', (password) => `redis://:${password}@HOST:6379/0`, ` "'\``],
    ['a URL in a sentence', (password) => `connect to amqp://USER:${password}@HOST/ FAILED`, ` "'\``],
    ['a URL with options', (password) => `rediss://USER:${password}@HOST?PREFIX=A&NODES=H1:1,H2:2`, ` "'\``],
    ['a URL of several hosts', (password) => `kafka+ssl://USER:${password}@H1:1,H2:2/TOPIC`, ` "'\``],
    ['two URLs', (password) => `kafka://USER:${password}@H1, kafka://USER:${password}@H2`, ''],
    ['a web address', (password) => `https://USER:${password}@HOST/V1`, ''],
    ['an option', (password) => `REDIS://HOST?password=${password.replace(/[&;#]/g, '%')}`, ''],
    ['an escaped option', (password) => `memory:?password=${encodeURIComponent(password)}`, ''],
    ['a quoted option', (password) => `host=H password='${password.replace(/['\\]/g, '\\$&')}' user=U`, ` "'`],
    ['a header', (password) => `X-API-Key: ${password}`, ''],
    ['JSON', (password) => JSON.stringify({ password, user: 'U' }), ` "'`],
    ['an escaped URL', (password) => `redis://USER:${encodeURIComponent(password)}@HOST`, ` "'`],
    ['a URL within JSON', (password) => JSON.stringify({ URL: `redis://USER:${password}@HOST` }), ''],
  ];
  for (const [where, of, also] of places) {
    it(`never shows a password in ${where}, raw or escaped`, () => {
      const passwords =
        also === ''
          ? nasty
          : fc.tuple(nasty, fc.constantFrom(...Array.from(also)), nasty).map((parts) => parts.join(''));
      fc.assert(
        fc.property(passwords, (password) => {
          const shown = redact(of(password));
          const forms = [
            password,
            encodeURIComponent(password),
            encodeURI(password),
            JSON.stringify(password).slice(1, -1),
          ];
          for (const form of forms) expect(shown).not.to.include(form);
        }),
        { numRuns: 1000 },
      );
    }).timeout(30_000);
  }
});
