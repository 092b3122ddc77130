import { CodedError } from '@product-updates/errors';
import { parseUrl } from './parse-url.ts';

/**
 * One environment variable: how `--help` tells it and how it is read. Both come from the same entry, so that they
 * cannot differ.
 */
export interface Variable<T> {
  /** As it would be written; `null`: not set. */
  readonly byDefault: string | null;
  readonly meaning: string;
  /** The value of a text, or a `Bad` that says which values are known. Never quotes the text of a secret. */
  readonly read: (text: string) => T | Bad;
}

/** Why a value is refused: the end of a sentence that begins with the variable's name. */
export class Bad {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

export type Values<S extends Readonly<Record<string, Variable<unknown>>>> = {
  readonly [K in keyof S]: S[K] extends Variable<infer T> ? T : never;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads every variable of the table. Empty counts as not set. Throws `misconfigured` for the first bad one, also for one in quotes. */
export function readVariables<S extends Readonly<Record<string, Variable<unknown>>>>(
  table: S,
  environment: Environment,
): Values<S> {
  const values = Object.entries(table).map(([name, variable]) => [name, readVariable(name, variable, environment)]);
  return Object.fromEntries(values) as Values<S>;
}

function readVariable(name: string, variable: Variable<unknown>, environment: Environment): unknown {
  const set = environment[name]?.trim();
  const text = set === undefined || set === '' ? variable.byDefault : set;
  if (text === null) return null;
  if (inQuotes.test(text)) {
    const hint = 'leave them out (a shell removes them, docker --env-file does not)';
    throw new CodedError('misconfigured', `${name} has quotes around its value, which are part of it here: ${hint}`);
  }
  const value = variable.read(text);
  if (value instanceof Bad) throw new CodedError('misconfigured', `${name} ${value.why}`);
  return value;
}

/** No value begins and ends with quotes of its own. A shell removes them, `docker --env-file` passes them on. */
const inQuotes = /^(["']).*\1$/s;

export function integer(byDefault: number, min: number, max: number, meaning: string): Variable<number> {
  return {
    byDefault: String(byDefault),
    meaning: `${meaning} (${min}–${max})`,
    read(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : new Bad(`is a whole number from ${min} to ${max}, not "${text}"`);
    },
  };
}

export function oneOf<T extends string>(byDefault: T, known: readonly T[], meaning: string): Variable<T> {
  return {
    byDefault,
    meaning: `${known.join(', ')}: ${meaning}`,
    read: (text) => known.find((value) => value === text) ?? new Bad(`is one of ${known.join(', ')}, not "${text}"`),
  };
}

export function yesOrNo(meaning: string): Variable<boolean> {
  const known = ['true', 'false'];
  return {
    byDefault: 'false',
    meaning,
    read: (text) => (known.includes(text) ? text === 'true' : new Bad(`is true or false, not "${text}"`)),
  };
}

export function text(byDefault: string, meaning: string): Variable<string> {
  return { byDefault, meaning, read: (value) => value };
}

export function textOrNone(meaning: string): Variable<string | null> {
  return { byDefault: null, meaning, read: (value) => value };
}

const factors: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 * 1024 };

/** `4mb`, `500kb`, `1000b` or `1000`, in bytes. */
export function bytes(byDefault: string, min: number, max: string, meaning: string): Variable<number> {
  const bytesOf = (size: string): number => {
    const [, digits = '', unit = 'b'] = /^(\d{1,12})(b|kb|mb)?$/.exec(size.toLowerCase()) ?? [];
    return digits === '' ? Number.NaN : Number(digits) * (factors[unit] ?? 1);
  };
  const known = `like 500kb or 4mb, from ${min}b to ${max}`;
  return {
    byDefault,
    meaning: `${meaning}, ${known}`,
    read(size) {
      const value = bytesOf(size);
      return value >= min && value <= bytesOf(max) ? value : new Bad(`is a size ${known}, not "${size}"`);
    },
  };
}

/** Not quoted when it is bad: a URL may hold a password, and one that cannot be read cannot be redacted. */
export function url(byDefault: string, meaning: string): Variable<URL> {
  return {
    byDefault,
    meaning,
    read: (value) => parseUrl(value) ?? new Bad(`is not a URL: ${mendOfUrl(value)}`),
  };
}

function mendOfUrl(value: string): string {
  if (!value.includes('@')) return 'it begins with a scheme, as memory: does';
  return 'percent-encode ? # / @ and : in user and password (%3F %23 %2F %40 %3A), and check the port';
}

/** The table as text, one variable a line, for `--help`. */
export function describeVariables(table: Readonly<Record<string, Variable<unknown>>>): string {
  const rows = Object.entries(table).map(([name, { byDefault, meaning }]) => ({
    name,
    shown: byDefault ?? '–',
    meaning,
  }));
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const defaultWidth = Math.max(...rows.map(({ shown }) => shown.length));
  return rows
    .map((row) => `${row.name.padEnd(nameWidth)}  ${row.shown.padEnd(defaultWidth)}  ${row.meaning}`)
    .join('\n');
}
