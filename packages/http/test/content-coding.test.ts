import { once } from 'node:events';
import * as zlib from 'node:zlib';
import { expect } from 'chai';
import {
  contentCodingOf,
  createDecode,
  encodedLimit,
  type ContentCoding,
  type Decoded,
} from '../src/content-coding.ts';
import { compress } from './compress.ts';
import { until } from './service.ts';

describe('createDecode', () => {
  const gzip = contentCodingOf('gzip') as ContentCoding;
  const options = { coding: gzip, limitBytes: 1000 };

  it('decodes so many at a time, in the order of the calls, and all of them', async () => {
    let begun = 0;
    const counting = { decoder: (encoded: Buffer) => ((begun += 1), gzip.decoder(encoded)) };
    const decode = createDecode(2);
    const done: string[] = [];
    const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`);
    for (const text of texts) {
      decode(zlib.gzipSync(text), { ...options, coding: counting }, (decoded) => {
        done.push(String(decoded));
        expect(begun - done.length).to.be.at.most(2);
      });
    }
    expect(begun).to.equal(2);
    await until(() => done.length === texts.length);
    expect(done.toSorted()).to.deep.equal(texts.toSorted());
  });

  it('goes on after those that fail', async () => {
    const decode = createDecode(1);
    const done: Decoded[] = [];
    const bodies = [Buffer.from('x'), zlib.gzipSync('x'.repeat(1_000_000)), zlib.gzipSync('good')];
    for (const body of bodies) decode(body, options, (decoded) => done.push(decoded));
    await until(() => done.length === 3);
    expect(done).to.deep.equal(['corrupt', 'too large', Buffer.from('good')]);
  });

  it('stops at the first chunk beyond the limit', async () => {
    let decoder: ReturnType<typeof gzip.decoder> | undefined;
    let produced = 0;
    const watched = {
      decoder(encoded: Buffer) {
        decoder = gzip.decoder(encoded);
        decoder.on('data', (chunk: Buffer) => (produced += chunk.length));
        return decoder;
      },
    };
    const bomb = zlib.gzipSync(Buffer.alloc(10_000_000));
    const decoded = await new Promise<Decoded>((resolve) => {
      createDecode(1)(bomb, { coding: watched, limitBytes: 100_000 }, resolve);
    });
    expect(decoded).to.equal('too large');
    expect(produced).to.be.within(100_001, 300_000);
    expect(decoder?.destroyed).to.equal(true);
    if (decoder?.closed === false) await once(decoder, 'close');
  });

  it('leaves no room for what could not be compressed to be refused', () => {
    for (const size of [0, 100, 70_000, 1_000_000]) {
      const noise = Buffer.from(Array.from({ length: size }, (_, at) => (at * 2_654_435_761) >>> 24));
      for (const encode of [...Object.values(compress), (text: string | Buffer) => zlib.gzipSync(text, { level: 0 })]) {
        expect(encode(noise).length).to.be.at.most(encodedLimit(size));
      }
    }
  });
});
