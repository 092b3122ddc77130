import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { layerViolations } from '../src/layers.ts';

const repository = join(import.meta.dirname, '../../..');

describe('layers', () => {
  it('are kept by every package of this repository', () => {
    expect(layerViolations(repository).join('\n')).to.equal('');
  }).timeout(20_000);

  describe('of a fixture', () => {
    let root: string;
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'layers-'));
      addPackage('packages/errors');
      addPackage('packages/domain', { dependencies: ['errors'] });
      addPackage('packages/queue', { dependencies: ['errors'], exports: ['.', './contract'] });
      addPackage('packages/repository', { dependencies: ['errors', 'domain', 'queue'] });
      addPackage('packages/pipeline', { dependencies: ['queue'] });
      addPackage('packages/http', { dependencies: ['queue', 'domain', 'pipeline'], devDependencies: ['tooling'] });
      addPackage('packages/tooling', { exports: ['./readme'] });
      addPackage('packages/queue-redis', { dependencies: ['queue', 'queue-kafka', 'errors'] });
      addPackage('packages/queue-kafka', { dependencies: ['queue', 'repository'] });
      addPackage('apps/server', { dependencies: ['http', 'pipeline', 'queue-redis'] });
    });
    afterEach(() => rmSync(root, { recursive: true }));

    it('pass when every import points inward', () => {
      write(
        'packages/http/src/app.ts',
        "import { x } from '@product-updates/queue';\nimport { get } from 'node:http';\n",
      );
      write('packages/http/test/app.test.ts', "import { run } from '@product-updates/tooling/readme';\n");
      write('packages/queue-redis/test/queue.test.ts', "import { contract } from '@product-updates/queue/contract';\n");
      write('apps/server/src/main.ts', "const open = () => import('@product-updates/queue-redis');\n");
      expect(layerViolations(root)).to.deep.equal([]);
    });

    it('fail on an import that points outward, with file and line', () => {
      write('packages/http/src/app.ts', "// first line\nimport { start } from '@product-updates/pipeline';\n");
      expect(layerViolations(root)).to.deep.equal([
        'packages/http/src/app.ts:2: imports @product-updates/pipeline: http may import only errors, domain, queue, repository',
      ]);
    });

    const outward: Record<string, [file: string, source: string, fault: RegExp]> = {
      'one adapter that imports another': [
        'packages/queue-redis/src/queue.ts',
        "export * from '@product-updates/queue-kafka';",
        /queue\.ts:1: imports .*: queue-redis may import only errors, domain, queue$/,
      ],
      'a queue adapter that imports the store port': [
        'packages/queue-kafka/src/queue.ts',
        "type Store = import('@product-updates/repository').Store;",
        /: queue-kafka may import only errors, domain, queue$/,
      ],
      'queue importing domain without declaring it': [
        'packages/queue/src/queue.ts',
        "import type { Version } from '@product-updates/domain';",
        /package\.json does not declare @product-updates\/domain/,
      ],
      'a test that imports outward': [
        'packages/http/test/app.test.ts',
        "import '@product-updates/pipeline';",
        /app\.test\.ts:1: .*http may import only/,
      ],
      'an undeclared library': ['packages/http/src/app.ts', "import koa from 'koa';", /does not declare koa/],
      'an undeclared scoped library with a subpath': [
        'packages/http/src/app.ts',
        "import Router from '@koa/router/deep';",
        /does not declare @koa\/router/,
      ],
      'a development dependency in src': [
        'packages/http/src/app.ts',
        "import { run } from '@product-updates/tooling/readme';",
        /devDependencies are for tests/,
      ],
      'a way around the exports': [
        'packages/http/src/app.ts',
        "import { x } from '@product-updates/queue/src/lanes.ts';",
        /queue does not export \.\/src\/lanes\.ts/,
      ],
      'a contract outside tests': [
        'packages/http/src/app.ts',
        "import { contract } from '@product-updates/queue/contract';",
        /contracts are for tests/,
      ],
      'a relative path into another package': [
        'packages/http/src/app.ts',
        "import { x } from '../../pipeline/src/feed.ts';",
        /leaves the package/,
      ],
      'src that imports a test': [
        'packages/http/src/app.ts',
        "import { x } from '../test/fake.ts';",
        /src imports src only/,
      ],
      'a contract that imports a test': [
        'packages/queue/contract/index.ts',
        "import { x } from '../test/fake.ts';",
        /only tests import tests/,
      ],
      'process.env outside the configuration': [
        'apps/server/src/main.ts',
        '\n\nconst port = process.env.PORT;',
        /main\.ts:3: uses process\.env: only apps\/server\/src\/config\.ts may/,
      ],
      'the console': ['packages/http/src/app.ts', "console.log('x');", /uses console/],
      'Date.now()': ['packages/http/src/app.ts', 'const t = Date.now();', /uses the wall clock/],
      'new Date()': ['packages/http/src/app.ts', 'const t = new Date();', /uses the wall clock/],
      'a file that is too long': ['packages/http/src/app.ts', 'let x;\n'.repeat(301), /app\.ts:301: has 301 lines/],
    };
    for (const [name, [file, source, fault]] of Object.entries(outward)) {
      it(`fail on ${name}`, () => {
        write(file, source);
        const violations = layerViolations(root);
        expect(violations).to.have.length(1);
        expect(violations[0]).to.match(fault);
      });
    }

    it('fail on a package that nobody has placed', () => {
      addPackage('packages/misc');
      expect(layerViolations(root)).to.have.length(1);
      expect(layerViolations(root)[0]).to.match(/^packages\/misc\/package\.json:1: misc has no layer/);
    });

    it('let tests, the clock, the configuration and full files be', () => {
      write('packages/queue/src/clock.ts', 'export const now = Date.now;');
      write('apps/server/src/config.ts', 'export const port = process.env.PORT;');
      write('packages/http/test/app.test.ts', 'const t = Date.now() + Number(process.env.LONG);');
      write('packages/queue/contract/index.ts', 'const long = process.env.LONG;');
      write('packages/http/src/app.ts', `const at = new Date(0);\n${'let x;\n'.repeat(299)}`);
      expect(layerViolations(root)).to.deep.equal([]);
    });

    it('let a contract build on another', () => {
      addPackage('packages/repository', { dependencies: ['queue'] });
      write('packages/repository/contract/index.ts', "import { x } from '@product-updates/queue/contract';");
      expect(layerViolations(root)).to.deep.equal([]);
    });

    it('leave out what nobody wrote', () => {
      write('packages/http/dist/src/app.js', "import koa from 'koa';");
      write('packages/http/.test/readme/x.ts', "import koa from 'koa';");
      write('packages/http/node_modules/koa/index.js', "import koa from 'koa';");
      expect(layerViolations(root)).to.deep.equal([]);
    });

    interface Fixture {
      dependencies?: string[];
      devDependencies?: string[];
      exports?: string[];
    }
    function addPackage(dir: string, { dependencies = [], devDependencies = [], exports = ['.'] }: Fixture = {}): void {
      const versions = (names: string[]) =>
        Object.fromEntries(names.map((name) => [`@product-updates/${name}`, '0.1.0']));
      const manifest = {
        name: `@product-updates/${dir.split('/')[1]}`,
        exports: Object.fromEntries(exports.map((path) => [path, './src/index.ts'])),
        dependencies: versions(dependencies),
        devDependencies: versions(devDependencies),
      };
      write(`${dir}/package.json`, JSON.stringify(manifest));
    }

    function write(path: string, text: string): void {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  });
});
