import { CodedError } from '@product-updates/errors';
import { expect } from 'chai';
import { stackOf, traceIdOf } from '../src/log-fields.ts';
import { TRACE_ID, TRACEPARENT } from './events.ts';

describe('log fields', () => {
  it('finds the trace id of a traceparent, and none in anything else', () => {
    expect(traceIdOf(TRACEPARENT)).to.equal(TRACE_ID);
    expect(traceIdOf(undefined)).to.equal(undefined);
    expect(traceIdOf('')).to.equal(undefined);
    expect(traceIdOf(`00-${TRACE_ID.toUpperCase()}-b7ad6b7169203331-01`)).to.equal(undefined);
    expect(traceIdOf('00-\n-x')).to.equal(undefined);
  });

  it('gives the stack of a bug only, redacted and bounded', () => {
    const bug = new TypeError('x is not a function, password=hunter2');
    expect(stackOf(bug)).to.include('log-fields.test.ts').and.not.to.include('hunter2');
    bug.stack = 'x'.repeat(100_000);
    expect(stackOf(bug)).to.have.length(4000);
    expect(stackOf(new CodedError('full', 'full'))).to.equal(undefined);
    expect(stackOf('text')).to.equal(undefined);
  });
});
