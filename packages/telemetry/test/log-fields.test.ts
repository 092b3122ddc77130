import { CodedError } from '@product-updates/errors';
import { expect } from 'chai';
import { failure, traceIdOf } from '../src/log-fields.ts';
import { TRACE_ID, TRACEPARENT } from './events.ts';

describe('log fields', () => {
  it('finds the trace id of a traceparent, and none in anything else', () => {
    expect(traceIdOf(TRACEPARENT)).to.equal(TRACE_ID);
    expect(traceIdOf(undefined)).to.equal(undefined);
    expect(traceIdOf('')).to.equal(undefined);
    expect(traceIdOf(`00-${TRACE_ID.toUpperCase()}-b7ad6b7169203331-01`)).to.equal(undefined);
    expect(traceIdOf('00-\n-x')).to.equal(undefined);
  });

  it('tells the code of an error that has one', () => {
    const error = new CodedError('full', 'the queue is full');
    expect(failure(error)).to.deep.equal({ error, code: 'full' });
  });

  it('tells the stack of a bug, redacted and bounded', () => {
    const bug = new TypeError('x is not a function, password=hunter2');
    expect(failure(bug)['stack']).to.include('log-fields.test.ts').and.not.to.include('hunter2');
    bug.stack = 'x'.repeat(100_000);
    expect(failure(bug)['stack']).to.have.length(4000);
    expect(failure('text')).to.deep.equal({ error: 'text', code: undefined });
  });
});
