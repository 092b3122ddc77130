import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Manifest, readPackages, SCOPE } from '../src/workspace.ts';

const root = join(import.meta.dirname, '../../..');
const published = readPackages(root).filter(({ manifest }) => manifest.private !== true);

/** The folder that a path in package.json lies in: `./dist/src/index.js` is in `dist`. */
function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function targetsOf(conditions: string | Readonly<Record<string, string>>): readonly string[] {
  return typeof conditions === 'string' ? [conditions] : Object.values(conditions);
}

function internal(dependencies: Manifest['dependencies'] = {}): [string, string][] {
  return Object.entries(dependencies).filter(([name]) => name.startsWith(SCOPE));
}

describe('what is published', () => {
  it('is the packages, without tooling and the apps', () => {
    expect(published.map(({ name }) => name)).to.include.members(['errors', 'queue', 'http']);
    expect(published.map(({ name }) => name)).not.to.include.members(['tooling', 'server', 'bench']);
  });

  for (const { name, dir, manifest } of published) {
    it(`${name} carries its README, the licence, and what its exports and source maps point to`, () => {
      expect(readFileSync(join(dir, 'LICENSE'), 'utf8')).to.equal(readFileSync(join(root, 'LICENSE'), 'utf8'));
      expect(existsSync(join(dir, 'README.md')), 'README.md').to.equal(true);
      expect(manifest.publishConfig).to.deep.equal({ access: 'public' });
      for (const conditions of Object.values(manifest.exports ?? {})) {
        for (const target of targetsOf(conditions)) expect(manifest.files).to.include(folderOf(target));
      }
      expect(manifest.files).not.to.include('test');
    });

    it(`${name} needs the other packages in the version that they have here`, () => {
      const versions = new Map(published.map((one) => [one.manifest.name, one.manifest.version]));
      for (const [other, range] of internal(manifest.dependencies)) expect(range, other).to.equal(versions.get(other));
    });
  }
});
