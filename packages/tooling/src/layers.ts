import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix, relative } from 'node:path';
import { importsOf, linesWith } from './source-text.ts';
import { SCOPE, type WorkspacePackage, readPackages, sourceFiles } from './workspace.ts';

const PORTS = ['errors', 'domain', 'queue', 'repository'];

/** What the sources of a package may import of the others, tests included; the table of packages/README.md. Apps may import everything. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  domain: ['errors'],
  queue: ['errors'],
  repository: ['errors', 'domain', 'queue'],
  pipeline: PORTS,
  http: PORTS,
  telemetry: PORTS,
  lmdb: ['errors'],
  tooling: [],
};

/** Adapters know their port and what their port knows, never each other; those on LMDB share its environment. */
const ADAPTERS: readonly (readonly [prefix: string, mayImport: readonly string[]])[] = [
  ['queue-lmdb', ['errors', 'domain', 'queue', 'lmdb']],
  ['repository-lmdb', [...PORTS, 'lmdb']],
  ['queue-', ['errors', 'domain', 'queue']],
  ['repository-', PORTS],
];

const MAX_LINES = 300;

interface Place {
  readonly what: string;
  readonly pattern: RegExp;
  /** The one file that may, relative to the root. */
  readonly file: string | undefined;
  readonly instead: string;
}

const ONE_PLACE: readonly Place[] = [
  {
    what: 'process.env',
    pattern: /\bprocess\s*\.\s*env\b/g,
    file: 'apps/server/src/config.ts',
    instead: 'take an option',
  },
  { what: 'console', pattern: /\bconsole\s*\./g, file: undefined, instead: 'tell an observer' },
  {
    what: 'the wall clock',
    pattern: /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bnew\s+Date\b(?!\s*[(<])/g,
    file: 'packages/queue/src/clock.ts',
    instead: 'take a Clock or `now`',
  },
];

/** Measuring and building need the machine itself. */
const FREE_PACKAGES = ['bench', 'tooling'];

/** Everything in the packages under `root` that breaks the layer table or a rule of place and size: `file:line: what is wrong`. */
export function layerViolations(root: string): string[] {
  const packages = readPackages(root);
  const byName = new Map(packages.map((one) => [one.name, one]));
  return packages.flatMap((one) => {
    const allowed = mayImport(one);
    if (allowed === undefined) {
      return [
        `${relative(root, join(one.dir, 'package.json'))}:1: ${one.name} has no layer: give it one in packages/tooling/src/layers.ts`,
      ];
    }
    return sourceFiles(one.dir).flatMap((path) => {
      const file: SourceFile = {
        owner: one,
        path,
        shown: relative(root, join(one.dir, path)),
        source: readFileSync(join(one.dir, path), 'utf8'),
      };
      return [...importViolations(file, allowed, byName), ...placeViolations(file), ...sizeViolations(file)];
    });
  });
}

interface SourceFile {
  readonly owner: WorkspacePackage;
  /** Relative to the package. */
  readonly path: string;
  /** Relative to the root. */
  readonly shown: string;
  readonly source: string;
}

/** 'all' for an app, undefined for a package that nobody has placed. */
function mayImport({ name, kind }: WorkspacePackage): readonly string[] | 'all' | undefined {
  if (kind === 'app') return 'all';
  return MAY_IMPORT[name] ?? ADAPTERS.find(([prefix]) => name.startsWith(prefix))?.[1];
}

function importViolations(
  file: SourceFile,
  allowed: readonly string[] | 'all',
  byName: ReadonlyMap<string, WorkspacePackage>,
): string[] {
  return importsOf(file.source).flatMap(({ specifier, line }) => {
    const fault = specifier.startsWith('.')
      ? relativeFault(file, specifier)
      : isBuiltin(specifier)
        ? undefined
        : packageFault(file, specifier, allowed, byName);
    return fault === undefined ? [] : [`${file.shown}:${line}: imports ${specifier}: ${fault}`];
  });
}

function relativeFault({ path }: SourceFile, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  if (target.startsWith('..')) return 'it leaves the package: import the other package by its name';
  if (path.startsWith('src/') && !target.startsWith('src/')) return 'src imports src only';
  if (!path.startsWith('test/') && target.startsWith('test/')) return 'only tests import tests';
  return undefined;
}

function packageFault(
  { owner, path }: SourceFile,
  specifier: string,
  allowed: readonly string[] | 'all',
  byName: ReadonlyMap<string, WorkspacePackage>,
): string | undefined {
  const inTest = path.startsWith('test/');
  const packageName = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (packageName !== owner.manifest.name && !isDeclared(owner, packageName, inTest)) {
    return `package.json does not declare ${packageName}${inTest ? '' : ' (devDependencies are for tests)'}`;
  }
  if (!packageName.startsWith(SCOPE)) return undefined;

  const name = packageName.slice(SCOPE.length);
  const target = byName.get(name);
  if (target === undefined) return 'there is no such package here';
  const subpath = `.${specifier.slice(packageName.length)}`;
  if (!Object.hasOwn(target.manifest.exports ?? {}, subpath)) return `${name} does not export ${subpath}`;
  if (subpath === './contract' && !inTest && !path.startsWith('contract/')) return 'contracts are for tests';
  if (name === 'tooling') return inTest ? undefined : 'tooling is for tests';
  if (name === owner.name || allowed === 'all' || allowed.includes(name)) return undefined;
  return `${owner.name} may import ${allowed.length === 0 ? 'no other package' : `only ${allowed.join(', ')}`}`;
}

function isDeclared({ manifest, kind }: WorkspacePackage, packageName: string, inTest: boolean): boolean {
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
  const alsoDev = inTest || (kind === 'package' && FREE_PACKAGES.includes(manifest.name.replace(SCOPE, '')));
  return Object.hasOwn(alsoDev ? { ...declared, ...manifest.devDependencies } : declared, packageName);
}

/** Tests may read the machine, and contracts are tests that are shipped. */
function placeViolations({ owner, path, shown, source }: SourceFile): string[] {
  if (/^(?:test|contract)\//.test(path) || FREE_PACKAGES.includes(owner.name)) return [];
  return ONE_PLACE.filter(({ file }) => file !== shown).flatMap(({ what, pattern, file, instead }) =>
    linesWith(source, pattern).map(
      (line) => `${shown}:${line}: uses ${what}: ${file === undefined ? '' : `only ${file} may, `}${instead}`,
    ),
  );
}

function sizeViolations({ shown, source }: SourceFile): string[] {
  const lines = source.trimEnd().split('\n').length;
  return lines > MAX_LINES
    ? [`${shown}:${MAX_LINES + 1}: has ${lines} lines: at most ${MAX_LINES}, one concept a file`]
    : [];
}
