import { runReadmeExamples } from '@product-updates/tooling/readme';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeConfig } from '../src/config.ts';

const readme = join(import.meta.dirname, '../../../README.md');

/** A line of `--help` as a row of a Markdown table. */
function rowOf(line: string): string {
  const [name, byDefault, meaning] = line.split(/ {2,}/);
  return `| \`${name}\` | ${byDefault === '–' ? '–' : `\`${byDefault}\``} | ${meaning} |`;
}

describe('the README of the repository', () => {
  it('tells the environment as --help does', () => {
    const rows = readFileSync(readme, 'utf8')
      .split('\n')
      .filter((line) => /^\| `[A-Z_]+` \|/.test(line));
    expect(rows).to.deep.equal(
      describeConfig()
        .split('\n')
        .map((line) => rowOf(line)),
    );
  });

  it('has examples that run', () => runReadmeExamples(readme)).timeout(60_000);
});
