import { expect } from 'chai';
import { Writable } from 'node:stream';
import { createOutput } from '../src/output.ts';

/** A stream whose reader takes a line only when the test says so. */
function createSlow(): { stream: Writable; read: string[]; take(): void } {
  const read: string[] = [];
  const taking: (() => void)[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      taking.push(() => {
        read.push(line);
        done();
      });
    },
  });
  return { stream, read, take: () => taking.shift()?.() };
}

describe('output', () => {
  const dropping = (): never => expect.fail('dropped a line');

  it('lets lines wait for a slow reader, in order, and drops what is beyond the bound', async () => {
    const { stream, read, take } = createSlow();
    const write = createOutput(stream, 20);
    let dropped = 0;
    for (let n = 0; n < 10; n += 1) write(`line ${n}\n`, () => (dropped += 1));
    expect(stream.writableLength).to.be.within(20, 27);
    expect(dropped).to.equal(7);
    for (let n = 0; n < 10; n += 1) {
      take();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(read.join('')).to.equal('line 0\nline 1\nline 2\n');
    write('again\n', dropping);
    take();
    expect(read.at(-1)).to.equal('again\n');
  });

  it('counts each line of those that an error took along, and goes on when the stream does', async () => {
    let isFull = true;
    const read: string[] = [];
    const stream = new Writable({
      decodeStrings: false,
      autoDestroy: false,
      write(line: string, _encoding, done) {
        if (!isFull) read.push(line);
        setImmediate(() => done(isFull ? Object.assign(new Error('write'), { code: 'ENOSPC' }) : null));
      },
      // As Node's own standard output: an error does not end it.
      destroy(error, done) {
        done(error);
        (stream as unknown as { _undestroy(): void })._undestroy();
      },
    });
    const write = createOutput(stream);
    let dropped = 0;
    const allDropped = new Promise<void>((resolve) => {
      for (let n = 0; n < 3; n += 1) write('lost\n', () => (dropped += 1) === 3 && resolve());
    });
    await allDropped;
    stream.destroy();
    isFull = false;
    write('written\n', dropping);
    expect(read).to.deep.equal(['written\n']);
  });

  it('does not let a terminal block', () => {
    const blocking: boolean[] = [];
    const terminal = Object.assign(createSlow().stream, {
      isTTY: true,
      _handle: { setBlocking: (value: boolean) => blocking.push(value) },
    });
    createOutput(terminal);
    expect(blocking).to.deep.equal([false]);
    createOutput(Object.assign(createSlow().stream, { isTTY: true }));
  });
});
