import { codeOf } from '@product-updates/errors';
import { expect } from 'chai';
import {
  bytes,
  describeVariables,
  integer,
  oneOf,
  readVariables,
  text,
  textOrNone,
  url,
  yesOrNo,
} from '../src/variables.ts';

const table = {
  COUNT: integer(3, 1, 64, 'how many'),
  MODE: oneOf('fast', ['fast', 'slow'], 'how'),
  SWITCH: yesOrNo('whether'),
  NAME: text('somebody', 'who'),
  EXTRA: textOrNone('what else'),
  SIZE: bytes('4mb', 1024, '256mb', 'how large'),
  PLACE: url('memory:', 'where'),
};

function refusalOf(environment: Record<string, string>): string {
  try {
    readVariables(table, environment);
  } catch (error) {
    expect(codeOf(error)).to.equal('misconfigured');
    return (error as Error).message;
  }
  throw new Error('was not refused');
}

describe('variables', () => {
  it('have their defaults where nothing is set, or only blanks', () => {
    const defaults = { COUNT: 3, MODE: 'fast', SWITCH: false, NAME: 'somebody', EXTRA: null, SIZE: 4_194_304 };
    for (const environment of [{}, { COUNT: '', MODE: ' ', EXTRA: '', PLACE: '' }]) {
      const { PLACE, ...rest } = readVariables(table, environment);
      expect(rest).to.deep.equal(defaults);
      expect(PLACE.href).to.equal('memory:');
    }
  });

  it('have what is set', () => {
    const { PLACE, ...rest } = readVariables(table, {
      COUNT: '64',
      MODE: 'slow',
      SWITCH: 'true',
      NAME: ' a b ',
      EXTRA: 'x',
      SIZE: '500kb',
      PLACE: 'amqp://host/q?x=1',
      OTHER: 'ignored',
    });
    const set = { COUNT: 64, MODE: 'slow', SWITCH: true, NAME: 'a b', EXTRA: 'x', SIZE: 512_000 };
    expect(rest).to.deep.equal(set);
    expect(PLACE.href).to.equal('amqp://host/q?x=1');
  });

  it('read sizes with and without a unit', () => {
    for (const [size, value] of [
      ['1024', 1024],
      ['2000b', 2000],
      ['1KB', 1024],
      ['256mb', 268_435_456],
    ] as const) {
      expect(readVariables(table, { SIZE: size }).SIZE).to.equal(value);
    }
  });

  it('refuse what is out of range, by name and with what is known', () => {
    for (const bad of ['0', '65', '-1', '1.5', '1e1', '0x10', 'three', '٣', '9999999999999999']) {
      expect(refusalOf({ COUNT: bad })).to.equal(`COUNT is a whole number from 1 to 64, not "${bad}"`);
    }
    expect(refusalOf({ MODE: 'Fast' })).to.equal('MODE is one of fast, slow, not "Fast"');
    for (const bad of ['yes', '1', 'TRUE']) {
      expect(refusalOf({ SWITCH: bad })).to.equal(`SWITCH is true or false, not "${bad}"`);
    }
    for (const bad of ['0', '1023', '257mb', '4 mb', '4gb', '-4mb', 'mb', '1.5mb']) {
      expect(refusalOf({ SIZE: bad })).to.equal(`SIZE is a size like 500kb or 4mb, from 1024b to 256mb, not "${bad}"`);
    }
  });

  it('do not tell a URL that cannot be read: it may hold a password', () => {
    expect(refusalOf({ PLACE: '//shop:hunter2@host' })).to.equal(
      'PLACE is not a URL: percent-encode ? # / @ and : in user and password (%3F %23 %2F %40 %3A), and check the port',
    );
  });

  it('are described one a line, in columns', () => {
    const { COUNT, EXTRA, SIZE } = table;
    expect(describeVariables({ COUNT, EXTRA, SIZE }).split('\n')).to.deep.equal([
      'COUNT  3    how many (1–64)',
      'EXTRA  –    what else',
      'SIZE   4mb  how large, like 500kb or 4mb, from 1024b to 256mb',
    ]);
  });
});
