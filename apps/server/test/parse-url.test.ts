import { expect } from 'chai';
import { parseUrl } from '../src/parse-url.ts';

describe('parseUrl', () => {
  const parsed: Readonly<Record<string, string>> = {
    'memory:?capacity=5': 'memory:?capacity=5',
    'postgres://me:pw@db:5432/shop?pool=3': 'postgres://me:pw@db:5432/shop?pool=3',
    'postgres://one,two/shop': 'postgres://one,two/shop',
    'postgresql://me:pw@one:1,[::1]:2,three/shop?pool=3':
      'postgresql://me:pw@one%3A1,%5B%3A%3A1%5D%3A2,three/shop?pool=3',
    'postgres://one:1,two:2': 'postgres://one%3A1,two%3A2',
    'postgres://me:pw@/shop?host=/cloudsql/a:b:c': 'postgres://me:pw@%20/shop?host=/cloudsql/a:b:c',
  };
  for (const [text, href] of Object.entries(parsed)) {
    it(`reads ${text}`, () => expect(parseUrl(text)?.href).to.equal(href));
  }

  for (const text of ['', 'db', './data', 'postgres://me:p/w@db/shop', 'postgres://db:x/shop', 'redis://a:1,b:2']) {
    it(`reads no URL in "${text}"`, () => expect(parseUrl(text)).to.equal(undefined));
  }
});
