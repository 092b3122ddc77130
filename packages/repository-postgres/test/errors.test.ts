import { expect } from 'chai';
import { CodedError, codeOf, describe as tell } from '@product-updates/errors';
import { leavesConnectionUsable, translate } from '../src/errors.ts';
import { nativeErrors, serverError } from './native-errors.ts';

describe('translate', () => {
  for (const { name, native, code } of nativeErrors) {
    it(`${name} is ${code}`, () => {
      const ours = translate(native) as Error;
      expect(codeOf(ours)).to.equal(code);
      expect(ours.cause).to.equal(native);
    });
  }

  it('leaves alone what is ours, what is a bug and what nobody knows', () => {
    const ours = new CodedError('full', 'x');
    const duplicate = serverError('21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time');
    for (const error of [ours, new TypeError('x'), duplicate, Object.assign(new Error('x'), { code: 'E' }), 'text']) {
      expect(translate(error)).to.equal(error);
    }
  });

  it('says what the server said, once, with its code and a hint where a pooler may be the reason', () => {
    expect(tell(translate(serverError('53100', 'no space left')))).to.equal('PostgreSQL: no space left (53100)');
    expect(tell(translate(serverError('26000', 'no such statement')))).to.include('pooler=transaction');
    expect(tell(translate(serverError('08P01', 'unsupported startup parameter: x')))).to.include('pooler=transaction');
    const nameless = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
    expect(tell(translate(nameless))).to.include('PostgreSQL: ECONNREFUSED');
  });
});

describe('leavesConnectionUsable', () => {
  it('trusts a connection only after an error of the statement', () => {
    for (const state of ['22003', '23514', '40P01', '42P01', '55P03', '57014']) {
      expect(leavesConnectionUsable(serverError(state)), state).to.equal(true);
    }
    for (const state of [
      '0A000',
      '08006',
      '26000',
      '42P05',
      '53300',
      '57P01',
      '57P03',
      '58030',
      'XX000',
      '25006',
      '55000',
    ]) {
      expect(leavesConnectionUsable(serverError(state)), state).to.equal(false);
    }
    expect(leavesConnectionUsable(Object.assign(new Error('x'), { code: 'EPIPE' }))).to.equal(false);
    expect(leavesConnectionUsable('text')).to.equal(false);
  });
});
