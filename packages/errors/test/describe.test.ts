import { CodedError, describe as tell } from '@product-updates/errors';
import { expect } from 'chai';

describe('describe', () => {
  it('tells the message and those of its causes, in one line', () => {
    const error = new CodedError('unavailable', 'the store does not answer', {
      cause: new Error('connect\n  ECONNREFUSED', { cause: 'no route' }),
    });
    expect(tell(error)).to.equal('the store does not answer: connect ECONNREFUSED: no route');
  });

  it('leaves out a cause that only repeats what was said', () => {
    expect(tell(new Error('queue: timed out', { cause: new Error('timed out') }))).to.equal('queue: timed out');
  });

  it('redacts every message of the chain on its own', () => {
    const cause = new Error('amqp://u:s3cr3t@h refused', { cause: { message: 'password=s3cr3t' } });
    expect(tell(new Error('bad token', { cause }))).to.equal('bad token: amqp://u:***@h refused: password=***');
  });

  it('ends where a chain closes to a circle, and after ten', () => {
    const circle = new Error('a');
    circle.cause = new Error('b', { cause: circle });
    expect(tell(circle)).to.equal('a: b');
    let deep = new Error('number 50');
    for (let i = 49; i > 0; i -= 1) deep = new Error(`number ${i};`, { cause: deep });
    expect(tell(deep).split(': ')).to.have.length(10);
  });

  it('tells the errors side by side in an aggregate, at most five', () => {
    const errors = Array.from({ length: 1000 }, (_, i) => new Error(`no ${i}.`));
    expect(tell(new AggregateError(errors))).to.equal('no 0.; no 1.; no 2.; no 3.; no 4.');
    expect(tell(new AggregateError(errors.slice(0, 1), 'all failed'))).to.equal('all failed; no 0.');
    const itself = new AggregateError([], 'itself');
    itself.errors.push(itself);
    expect(tell(itself)).to.equal('itself');
  });

  it('tells both errors of a failed disposal', () => {
    const error = Object.assign(new Error('An error was suppressed during disposal.'), {
      name: 'SuppressedError',
      error: new Error('close failed'),
      suppressed: new Error('write failed'),
    });
    expect(tell(error)).to.equal('An error was suppressed during disposal.; close failed; write failed');
  });

  it('tells the name where there is no message', () => {
    expect(tell(new TypeError())).to.equal('TypeError');
    expect(tell(new AggregateError([]))).to.equal('AggregateError');
  });

  it('never throws, whatever was thrown', () => {
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap');
        },
      },
    );
    const thrown: readonly unknown[] = [
      undefined,
      null,
      0,
      '',
      Symbol('s'),
      10n,
      Object.create(null),
      { message: 7, name: 7 },
      trap,
      () => 1,
    ];
    for (const error of thrown) expect(tell(error)).to.be.a('string');
    expect(tell('plain')).to.equal('plain');
    expect(tell(10n)).to.equal('10n');
    expect(tell(trap)).to.equal('an object that is not an error was thrown');
  });

  it('lets no control or direction character through, so that a log line stays one line and reads as it is', () => {
    expect(tell(new Error('a\r\nb\u2028c\u001b[31md\u0000e\u202ef'))).to.equal('a b c\u{fffd}[31md\u{fffd}e\u{fffd}f');
  });

  it('keeps to the length, without parting a character', () => {
    expect(tell(new Error('x'.repeat(2000))))
      .to.have.length(1000)
      .and.match(/^x+…$/);
    expect(tell(new Error('ab😀cd'), 4)).to.equal('ab…');
    expect(tell(new Error('ab😀cd'), 5)).to.equal('ab😀…');
    expect(tell(new Error('abcd'), 4)).to.equal('abcd');
  });

  it('cuts a huge message before a word that the cut would part', () => {
    const url = `amqp://u:${'s3cr3t'.repeat(3000)}@h`;
    expect(tell(new Error(`password=${'y'.repeat(16_000)} ${url}`), 30_000)).to.equal('password=*** …');
    expect(tell(new Error(url), 30_000)).to.equal('…');
  });
});
