import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { CoverageCounts } from '../src/coverage-counts.ts';
import { unreachedCatches } from '../src/uncovered-catches.ts';

describe('unreachedCatches', () => {
  it('lists the clauses and the handlers that never ran, over several processes', function () {
    this.timeout(20_000);
    const dir = realpathSync(mkdtempSync(join(tmpdir(), 'catches-')));
    try {
      const file = join(dir, 'fixture.ts');
      const source = [
        "const which: string = process.argv[2] ?? '';",
        "const fail = (when: string) => { if (which === when) throw new Error('on purpose'); };",
        "try { fail('a'); } catch { which.at(0); }", // 3: reached by the first process
        "try { fail('never'); } catch (error) { which.at(0); throw error; }", // 4: never
        "await Promise.reject(new Error('x')).catch((error: unknown) => error);", // 5: always
        'await Promise.resolve(1).catch((error: unknown) => error);', // 6: never
        'await Promise.resolve(1).catch(async () => 2);', // 7: never
        "try { fail('b'); } catch (error) {", // 8: reached by the second process
        '  which.at(0);',
        '}',
        'function unused() { try { fail(which); } catch {} }', // 11: never
        "// catch { } and 'catch {'",
        'export { unused };',
      ].join('\n');
      writeFileSync(file, source);
      for (const argument of ['a', 'b']) {
        const { status, stderr } = spawnSync(process.execPath, [file, argument], {
          env: { ...process.env, NODE_V8_COVERAGE: join(dir, 'raw') },
          encoding: 'utf8',
        });
        expect(status, stderr).to.equal(0);
      }
      const counts = new CoverageCounts(dir);
      for (const name of readdirSync(join(dir, 'raw'))) counts.add(readFileSync(join(dir, 'raw', name), 'utf8'));
      const unreached = unreachedCatches('fixture.ts', source, (offset) => counts.at(pathToFileURL(file).href, offset));
      expect(unreached.map(({ line }) => line)).to.deep.equal([4, 6, 7, 11]);
      expect(counts.at(pathToFileURL(join(dir, 'never-loaded.ts')).href, 0)).to.equal(0);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
