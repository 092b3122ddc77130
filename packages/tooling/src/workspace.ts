import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** One package of the monorepo as it lies on the disk. */
export interface WorkspacePackage {
  /** Without the scope: `queue`, `server`. */
  readonly name: string;
  readonly kind: 'package' | 'app';
  /** Absolute. */
  readonly dir: string;
  readonly manifest: Manifest;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly files?: readonly string[];
  readonly publishConfig?: { readonly access: string };
  /** By subpath, then by condition; a path alone counts for every condition. */
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export const SCOPE = '@product-updates/';

export function readPackages(root: string): WorkspacePackage[] {
  return [...readFolder(root, 'packages', 'package'), ...readFolder(root, 'apps', 'app')];
}

function readFolder(root: string, folder: string, kind: WorkspacePackage['kind']): WorkspacePackage[] {
  const parent = join(root, folder);
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .toSorted()
    .map((entry) => join(parent, entry))
    .filter((dir) => existsSync(join(dir, 'package.json')))
    .map((dir) => {
      const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Manifest;
      return { name: manifest.name.replace(SCOPE, ''), kind, dir, manifest };
    });
}

/** Every TypeScript and JavaScript file of a package that somebody wrote, relative to its folder with `/` between the parts. */
export function sourceFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !/(?:^|\/)(?:node_modules|dist|coverage|\.[^/]+)\//.test(path))
    .toSorted();
}
