import { CodedError } from '@product-updates/errors';
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createLog, logLevels, type LogLevel } from '../src/log.ts';

describe('log', () => {
  function logged(level: LogLevel, use: (log: ReturnType<typeof createLog>) => void): string[] {
    const lines: string[] = [];
    const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) };
    const onDropped = (): void => expect.fail('dropped a line');
    use(createLog({ level, clock, write: (line) => lines.push(line), onDropped }));
    return lines;
  }

  it('writes one line of JSON: level as a word, RFC 3339 time, fields, message', () => {
    const [line = ''] = logged('info', (log) => log.info({ workers: 3, gone: undefined }, 'started'));
    expect(line.endsWith('}\n')).to.equal(true);
    expect(JSON.parse(line)).to.deep.equal({
      level: 'info',
      time: '2026-01-02T03:04:05.006Z',
      workers: 3,
      msg: 'started',
    });
  });

  it('writes what is at or above its level', () => {
    const written = (level: LogLevel): string[] =>
      logged(level, (log) => {
        log.debug({}, 'debug');
        log.info({}, 'info');
        log.warn({}, 'warn');
        log.error({}, 'error');
      }).map((line) => (JSON.parse(line) as { level: string }).level);
    expect(logLevels.map(written)).to.deep.equal([
      ['debug', 'info', 'warn', 'error'],
      ['info', 'warn', 'error'],
      ['warn', 'error'],
      ['error'],
      [],
    ]);
  });

  it('knows whether debug is written', () => {
    logged('debug', (log) => expect(log.debugs).to.equal(true));
    logged('info', (log) => expect(log.debugs).to.equal(false));
  });

  it('tells an error with its causes in one line, without stack or secret', () => {
    const cause = new Error('connect to amqp://shop:hunter2@broker failed');
    const error = new CodedError('unavailable', 'the queue does not answer', { cause });
    const [line = ''] = logged('info', (log) => log.error({ error }, 'token=hunter2'));
    expect(line).not.to.include('hunter2').and.not.to.include(' at ');
    expect(JSON.parse(line)).to.include({
      error: 'the queue does not answer: connect to amqp://shop:***@broker failed',
      msg: 'token=***',
    });
  });

  it('cannot be made to write a second line or to drive a terminal', () => {
    const hostile = 'a\nb\r\u0000\u001b[31m\u007f\u0085\u009b\u2028\u2029\u202e\u2066"\\';
    const [line = '', ...more] = logged('info', (log) => log.info({ product_id: hostile }, hostile));
    expect(more).to.deep.equal([]);
    // oxlint-disable-next-line no-control-regex -- the point of the test
    expect(line.slice(0, -1)).not.to.match(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e\u2066]/);
    expect(JSON.parse(line)).to.include({ product_id: hostile, msg: hostile });
  });

  it('drops and counts a line that cannot be written or made, and throws nothing', () => {
    let dropped = 0;
    let isFull = true;
    const lines: string[] = [];
    const write = (line: string): void => {
      if (isFull) throw Object.assign(new Error('write'), { code: 'ENOSPC' });
      lines.push(line);
    };
    const log = createLog({ level: 'debug', clock: { now: () => 0 }, write, onDropped: () => (dropped += 1) });
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]({}, 'lost');
    expect(dropped).to.equal(4);
    isFull = false;
    log.info({ count: 1n, now: { toJSON: () => expect.fail('on purpose') } }, 'cannot be made');
    log.info({}, 'written again');
    expect(dropped + lines.length).to.equal(6);
    expect(lines.at(-1)).to.include('written again');
  });

  it('writes to standard output, in order, also what was said just before an abrupt end', () => {
    const script = `
      import { createLog } from './src/log.ts';
      const log = createLog({ level: 'info', clock: { now: () => 0 }, onDropped: () => {} });
      for (let n = 1; n <= 200; n += 1) log.info({ n }, 'line');
      process.kill(process.pid, 'SIGKILL');
    `;
    const cwd = join(import.meta.dirname, '..');
    const args = ['--conditions=@product-updates/source', '--input-type=module-typescript', '--eval', script];
    const { stdout } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
    const lines = stdout.trimEnd().split('\n');
    const numbers = lines.map((line) => (JSON.parse(line) as { n: number }).n);
    expect(numbers).to.deep.equal(Array.from({ length: 200 }, (_, n) => n + 1));
  });
});
