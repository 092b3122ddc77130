import { inPlace, type BodyRoom, type Codec, type InPlaceCodec } from '@product-updates/queue';
import { expect } from 'chai';

const text: Codec<string> = {
  encode: (value) => Buffer.from(value),
  decode: (bytes) => Buffer.from(bytes).toString(),
};

/** Room in the middle of other bytes. */
function roomAt(start: number, bytes: Uint8Array): BodyRoom {
  return { bytes, reserve: () => start };
}

describe('inPlace', () => {
  it('makes a codec work within larger bytes', () => {
    const codec = inPlace(text);
    const bytes = Buffer.from('..........');
    codec.write('body', roomAt(3, bytes));
    expect(bytes.toString()).to.equal('...body...');
    expect(codec.read(bytes, 3, 7, 'key')).to.equal('body');
    expect(codec.decode(codec.encode('body'))).to.equal('body');
  });

  it('asks for no room where nothing can be encoded', () => {
    const refusing = inPlace<string>({
      ...text,
      encode: () => {
        throw new Error('no text');
      },
    });
    let reserved = 0;
    const room: BodyRoom = { bytes: new Uint8Array(0), reserve: () => (reserved += 1) };
    expect(() => refusing.write('body', room)).to.throw('no text');
    expect(reserved).to.equal(0);
  });

  it('leaves one alone that does so by itself', () => {
    const codec: InPlaceCodec<string> = { ...text, write: () => {}, read: () => '' };
    expect(inPlace(codec)).to.equal(codec);
  });
});
