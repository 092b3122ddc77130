import { CodedError } from '@product-updates/errors';
import { createVirtualClock, type VirtualClock } from '@product-updates/queue/contract';
import { expect } from 'chai';
import { createWaiting, type Waiting } from '../src/waiting.ts';

const unavailable = (): CodedError => new CodedError('unavailable', 'redis://:hunter2@db does not answer');

describe('waiting', () => {
  let clock: VirtualClock;
  let told: string[];
  let long: number;
  let waiting: Waiting;

  beforeEach(() => {
    clock = createVirtualClock();
    told = [];
    long = 0;
    const tell =
      (level: string) =>
      (fields: object, message: string): void =>
        void told.push(`${level} ${message} ${JSON.stringify(fields)}`);
    const log = { info: tell('info'), warn: tell('warn') };
    waiting = createWaiting({ clock, log, onLong: () => (long += 1), random: () => 0.5 });
  });

  it('is told nothing when all is there', async () => {
    expect(await waiting.until('STORE_URL', async () => 1)).to.equal(1);
    expect(await waiting.until('QUEUE_URL', async () => 2)).to.equal(2);
    waiting.end();
    await clock.advance(60_000);
    expect({ told, long }).to.deep.equal({ told: [], long: 0 });
  });

  it('takes a start that has not failed for long after a second', async () => {
    void waiting.until('STORE_URL', () => new Promise(() => {}));
    await clock.advance(999);
    expect(long).to.equal(0);
    await clock.advance(1);
    expect(long).to.equal(1);
    expect(waiting.now).to.deep.include({ variable: 'STORE_URL', error: null });
  });

  it('asks again about once a second, and says so at once and then every half minute', async () => {
    let asked = 0;
    const there = waiting.until('STORE_URL', async () => {
      asked += 1;
      if (asked <= 70) throw unavailable();
      return 'it';
    });
    await clock.advance(0);
    expect({ asked, long, told: told.length }).to.deep.equal({ asked: 1, long: 1, told: 1 });
    expect(told[0]).to.equal(
      'warn waiting for STORE_URL: it cannot be used yet {"variable":"STORE_URL","error":"redis://:***@db does not answer"}',
    );
    await clock.advance(29_000);
    expect({ asked, told: told.length }).to.deep.equal({ asked: 30, told: 1 });
    await clock.advance(31_000);
    expect({ asked, told: told.length }).to.deep.equal({ asked: 61, told: 3 });
    await clock.advance(10_000);
    expect(await there).to.equal('it');
    expect(told.at(-1)).to.equal('info STORE_URL can be used now {"variable":"STORE_URL","waited_ms":70000}');
    expect(long).to.equal(1);
  });

  it('says at once what comes next and is not there either', async () => {
    for (const variable of ['STORE_URL', 'QUEUE_URL'] as const) {
      let asked = 0;
      const there = waiting.until(variable, async () => {
        asked += 1;
        if (asked === 1) throw new CodedError(variable === 'STORE_URL' ? 'unavailable' : 'full', 'not now');
      });
      await clock.advance(0);
      expect(waiting.now.variable).to.equal(variable);
      expect(waiting.now.error).to.be.instanceOf(CodedError);
      await clock.advance(1000);
      await there;
      expect(waiting.now.error).to.equal(null);
    }
    expect(told.map((line) => line.split(' {')[0])).to.deep.equal([
      'warn waiting for STORE_URL: it cannot be used yet',
      'info STORE_URL can be used now',
      'warn waiting for QUEUE_URL: it cannot be used yet',
      'info QUEUE_URL can be used now',
    ]);
  });

  it('passes on what waiting does not mend', async () => {
    for (const error of [new CodedError('misconfigured', 'no'), new TypeError('a bug')]) {
      const rejected = await waiting.until('STORE_URL', () => Promise.reject(error)).catch((reason: unknown) => reason);
      expect(rejected).to.equal(error);
    }
    expect(told).to.deep.equal([]);
  });
});
