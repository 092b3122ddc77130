import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

/** The rights that the README calls enough, as arguments of ACL SETUSER. */
export function readmeRights(
  password: string,
  { cluster = false }: { readonly cluster?: boolean } = {},
): readonly string[] {
  const [, rights] = /ACL SETUSER shop (on >password [^`]*?)\n\n/.exec(readme) ?? [];
  const [, more] = /in a cluster add `([^`]+)`/.exec(readme) ?? [];
  if (rights === undefined || more === undefined) throw new Error('the README has no rights');
  const all = cluster ? `${rights} ${more}` : rights;
  return all.split(/\s+/).map((right) => (right === '>password' ? `>${password}` : right));
}
