import { expect } from 'chai';
import { codeOf } from '@product-updates/errors';
import { forkStore } from '@product-updates/repository/contract';
import { rejects } from '@product-updates/queue/contract';
import { both, letter } from '../contract/samples.ts';

const module = new URL('memory-process.ts', import.meta.url);

describe('forkStore and serveStore', () => {
  it('carries calls, answers and errors with their codes', async () => {
    const child = await forkStore({ module, args: ['memory:'] });
    expect(await child.apply([both('p1', 1, 1, 1)])).to.deep.equal([both('p1', 1, 1, 1)]);
    await child.addLetter(letter('a', { bytes: Uint8Array.of(1, 255) }));
    await rejects(child.addLetter(letter('b')), 'full', 'the second letter');
    await child.stop();
    const late = await child.apply([]).catch((error: unknown) => error);
    expect(late).to.be.an.instanceOf(Error);
  }).timeout(20_000);

  it('rejects what is under way when the process is killed', async () => {
    const child = await forkStore({ module, args: ['memory:'] });
    const applying = child.apply([both('p1', 1, 1, 1)]).catch((error: unknown) => error);
    await child.kill();
    const outcome = await applying;
    if (outcome instanceof Error) expect(outcome.message).to.equal('the process is gone');
    else expect(outcome).to.have.length(1);
  }).timeout(20_000);

  it('rejects as the opener does', async () => {
    const error = await forkStore({ module, args: ['memory:?x=1'] }).catch((refusal: unknown) => refusal);
    expect(codeOf(error)).to.equal('misconfigured');
  }).timeout(20_000);
});
