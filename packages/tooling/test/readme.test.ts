import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { examplesOf, runReadmeExamples } from '../src/readme.ts';

const root = join(import.meta.dirname, '../../..');
const fence = '```';

describe('the README of the repository', () => {
  it('has examples that run', () => runReadmeExamples(join(root, 'README.md'))).timeout(60_000);
});

describe('runReadmeExamples', function () {
  this.timeout(20_000);
  let dir: string;
  let readme: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'readme-'));
    readme = join(dir, 'README.md');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('passes when every block does', async () => {
    write('# T', `${fence}ts`, "import assert from 'node:assert';", 'assert.equal(await 1, 1 as number);', fence);
    await runReadmeExamples(readme);
  });

  it('rejects with the output and the line of the one that fails', async () => {
    write(
      `${fence}ts`,
      'let a: number;',
      fence,
      'text',
      `${fence}ts`,
      "console.log('so far');",
      "throw new Error('on purpose');",
      fence,
    );
    const error = await runReadmeExamples(readme).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error?.message)
      .to.include('README.md:5: the example ended with 1')
      .and.to.include('so far')
      .and.to.include('on purpose');
    expect(error?.message, 'the line of the README').to.match(/README\.md\.5\.ts:7/);
  });

  it('rejects a README without an example, and one that is missing', async () => {
    write('# T', `${fence}sh`, 'ls', fence);
    expect(await failure()).to.match(/no ```ts block to run/);
    rmSync(readme);
    expect(await failure()).to.match(/ENOENT/);
  });

  it('takes the source of the packages, not their builds', async () => {
    write(
      `${fence}ts`,
      "if (!process.execArgv.join().includes('@product-updates/source')) throw new Error('no condition');",
      fence,
    );
    await runReadmeExamples(readme);
    expect(existsSync(join(dir, '.test/readme/README.md.1.ts'))).to.equal(false);
  });

  const failure = async (): Promise<string> =>
    runReadmeExamples(readme).then(
      () => 'passed',
      (reason: unknown) => String(reason),
    );
  const write = (...lines: string[]): void => writeFileSync(readme, lines.join('\n'));
});

describe('examplesOf', () => {
  it('finds ts blocks only, with their lines', () => {
    const markdown = [
      'a',
      `${fence}ts`,
      'let a;',
      '',
      'let b;',
      fence,
      `${fence}json`,
      '{}',
      fence,
      `${fence}ts`,
      'c',
      fence,
    ].join('\n');
    expect(examplesOf(markdown)).to.deep.equal([
      { line: 2, code: 'let a;\n\nlet b;' },
      { line: 10, code: 'c' },
    ]);
  });

  it('refuses a block that is never closed', () => {
    expect(() => examplesOf(`${fence}ts\nlet a;`)).to.throw('line 1: this ```ts block is never closed');
  });
});
