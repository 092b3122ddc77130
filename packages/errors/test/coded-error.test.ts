import { CodedError, codeOf, errorCodes } from '@product-updates/errors';
import { expect } from 'chai';

describe('CodedError', () => {
  it('carries its code, message and cause', () => {
    const cause = new Error('why');
    const error = new CodedError('full', 'no room', { cause });
    expect(error).to.be.instanceOf(Error).and.include({ code: 'full', message: 'no room', name: 'CodedError', cause });
    expect(String(error)).to.equal('CodedError: no room');
  });

  it('gives every code back', () => {
    for (const code of errorCodes) expect(codeOf(new CodedError(code, ''))).to.equal(code);
  });

  it('is understood across two copies of this package', () => {
    class Copy extends Error {
      override readonly name = 'CodedError';
      readonly code = 'closed';
    }
    expect(codeOf(new Copy('bye'))).to.equal('closed');
  });

  it('has no code of ours in anything else: that is a bug, and treated as one', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const foreign = Object.assign(new Error('queue'), { code: 'full' });
    const unknown = Object.assign(new Error('x'), { name: 'CodedError', code: 'other' });
    const values: readonly unknown[] = [
      refused,
      foreign,
      unknown,
      { name: 'CodedError', code: 'full' },
      'full',
      null,
      undefined,
    ];
    for (const value of values) expect(codeOf(value)).to.equal(undefined);
  });
});
