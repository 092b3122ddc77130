/** What the command line asks for. */
export type Command =
  | { readonly name: 'serve' | 'help' | 'version' | 'migrate-help' }
  | Migration
  | { readonly name: 'wrong'; readonly why: string };

export interface Migration {
  readonly name: 'migrate';
  readonly direction: 'up' | 'down';
  /** How many at most: all unless given, going down 1. */
  readonly count: number | undefined;
  /** `--yes`: nobody need be asked before something is dropped. */
  readonly yes: boolean;
}

/** Flags may be anywhere; one or a word that is not known is wrong, also beside `--help`. */
export function readCommand(args: readonly string[]): Command {
  const flags = args.filter((arg) => arg.startsWith('-'));
  const [word, ...words] = args.filter((arg) => !arg.startsWith('-'));
  const isMigrate = word === 'migrate';
  const known = [isMigrate ? '--yes' : '--version', '--help', '-h'];
  const unknown = isMigrate || word === undefined ? flags.find((flag) => !known.includes(flag)) : word;
  if (unknown !== undefined) {
    const all = [...(isMigrate ? ['up [n]', 'down [n]'] : ['migrate']), ...known];
    return { name: 'wrong', why: `unknown argument "${unknown}"; known: ${all.join(', ')}` };
  }
  if (flags.includes('--help') || flags.includes('-h')) return { name: isMigrate ? 'migrate-help' : 'help' };
  if (isMigrate) return readMigration(words, flags.includes('--yes'));
  return { name: flags.includes('--version') ? 'version' : 'serve' };
}

function readMigration(words: readonly string[], yes: boolean): Command {
  const [direction = 'up', count, ...more] = words;
  const isCount = count === undefined || /^[1-9]\d{0,3}$/.test(count);
  if ((direction !== 'up' && direction !== 'down') || !isCount || more.length > 0) {
    return { name: 'wrong', why: `unknown arguments "${words.join(' ')}"; known: migrate [up [n] | down [n] [--yes]]` };
  }
  return { name: 'migrate', direction, count: count === undefined ? undefined : Number(count), yes };
}
