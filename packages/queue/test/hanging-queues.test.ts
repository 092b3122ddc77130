import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { queueTests } from '@product-updates/queue/contract';
import { hanging } from './hanging-queues.ts';

const run = promisify(execFile);

/** What must be said, by test. */
const said: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  'receive answers [] at once': {
    'Q3.1': /receive answered \[\]/,
    Q1: /receive answered \[\]/,
    'Q24.1': /answered \[\]/,
  },
  'receive never resolves, aborted or not': { Q1: /Q1 has not ended.*waits for receive/, 'Q33.1': /./ },
  'receive delivers the same again and again': { Q1: /./, 'Q3.1': /./ },
  'publish never resolves': { Q1: /Q1 has not ended.*waits for.*publish/, 'Q3.1': /waits for publish/ },
  'ack throws': { Q1: /Q1 has not ended/, 'Q20.1': /ack is not implemented/ },
  'dispose hangs': { 'Q3.1': /Q3\.1: dispose has not settled/ },
  'stats and ping never resolve': { Q34: /waits for.*(stats|ping)/ },
  'it lacks every fault': {
    Q27: /Q27 needs faults\.server: give it, or skip Q27 by name/,
    'Q28.1': /Q28\.1 needs faults\.network: give it, or skip/,
    Q2: /Q2 needs faults\.fork/,
  },
};

describe('the contract suite never hangs', function () {
  this.timeout(120_000);
  for (const how of Object.keys(hanging)) {
    it(`on a queue of which ${how}: what cannot pass fails in time, and the process ends by itself`, async () => {
      const program = new URL('hanging-process.ts', import.meta.url).pathname;
      const { stdout } = await run(process.execPath, ['--conditions=@product-updates/source', program, how]);
      const ends = JSON.parse(stdout) as Record<string, string>;
      expect(Object.keys(ends)).to.have.members(queueTests.map(({ id }) => id));
      const messages = said[how] ?? {};
      expect(Object.keys(messages)).to.not.be.empty;
      for (const [id, message] of Object.entries(messages)) {
        expect(ends[id], id).to.match(message).and.not.equal('passed');
      }
    });
  }
});
