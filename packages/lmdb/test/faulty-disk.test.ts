import { openEnvironment } from '@product-updates/lmdb';
import { expect } from 'chai';
import { startFaultyProcess, whyNoFaultyDisk, type FaultyProcess } from './faulty-disk/faulty-disk.ts';

const reason = whyNoFaultyDisk();
const describeWhere = reason === undefined ? describe : describe.skip;

describeWhere(`on a disk that fails${reason === undefined ? '' : ` (${reason})`}`, function () {
  this.timeout(60_000);

  const EIO = 5;
  const EMFILE = 24;
  const ENOSPC = 28;

  it('resolves a write only when it is on the disk', async () => {
    await using process = await startFaultyProcess();
    await process.ask('write 1');
    process.fail('delay 400');
    const started = performance.now();
    expect(await process.ask('write 2')).to.deep.equal({});
    expect(performance.now() - started).to.be.at.least(400);
  });

  for (const [what, fault, code] of [
    ['a failed sync', `sync ${EIO}`, 'unavailable'],
    ['a failed write of a meta page, after which LMDB wants to be opened again', `meta ${EIO}`, 'unavailable'],
    ['a full disk at the meta page', `meta ${ENOSPC}`, 'full'],
  ] as const) {
    it(`goes on after ${what}`, async () => {
      await using process = await startFaultyProcess();
      await process.ask('write 1');
      for (let round = 0; round < 3; round++) {
        process.fail(fault);
        for (const line of ['write 2', 'ping', 'write 3']) expect((await process.ask(line)).code, line).to.equal(code);
        expect(await process.ask('read 1'), 'while it fails').to.deep.equal({ value: '1111' });
        expect(await process.ask('read 2'), 'while it fails').to.deep.equal({ value: round === 0 ? '' : '2222' });
        process.fail('');
        for (const line of ['ping', 'write 2', 'write 4']) expect(await process.ask(line), line).to.deep.equal({});
        expect(await process.ask('read 2')).to.deep.equal({ value: '2222' });
      }
      await process.kill();
      expect(await keysIn(process)).to.deep.equal([1, 2, 4]);
    });
  }

  it('is full where the file cannot grow, and goes on with what room there is', async () => {
    await using process = await startFaultyProcess();
    await process.ask('write 1');
    process.fail(`grow ${ENOSPC}`);
    for (let round = 0; round < 3; round++) {
      expect((await process.ask('large 2')).code).to.equal('full');
      expect(await process.ask('free 1')).to.deep.equal({});
      expect(await process.ask('read 1')).to.deep.equal({ value: 'free' });
    }
    process.fail('');
    expect(await process.ask('large 2')).to.deep.equal({});
  });

  it('stays closed while the file cannot be opened again, and tries it with every write', async () => {
    await using process = await startFaultyProcess();
    await process.ask('write 1');
    process.fail(`meta ${EIO} open ${EMFILE}`);
    expect((await process.ask('write 2')).code).to.equal('unavailable');
    for (const line of ['write 2', 'read 1', 'count', 'ping']) {
      expect((await process.ask(line)).code, line).to.equal('unavailable');
    }
    process.fail('');
    expect(await process.ask('write 3')).to.deep.equal({});
    expect(await process.ask('read 1')).to.deep.equal({ value: '1111' });
    expect(await process.ask('read 3')).to.deep.equal({ value: '3333' });
  });
});

async function keysIn({ folder }: FaultyProcess): Promise<readonly number[]> {
  await using environment = await openEnvironment(folder, {
    part: 'store',
    format: 1,
    migrations: {},
    maxBytes: 2 ** 30,
  });
  return [...environment.numberedTable('t').entries()].map(([key]) => key);
}
