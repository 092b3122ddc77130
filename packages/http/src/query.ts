import { Ajv } from 'ajv';
import { HttpProblem, type Problem, type ProblemFault } from './problem.ts';

/** One query parameter, as the OpenAPI document shows it. Its schema also checks it. */
export interface QueryParameter {
  readonly description: string;
  /** Of type integer, string, or array of strings (the parameter may then be repeated). */
  readonly schema: QuerySchema;
  readonly required?: boolean;
}
export type QuerySchema = Readonly<Record<string, unknown>> & { readonly type: 'integer' | 'string' | 'array' };
export type QueryParameters = Readonly<Record<string, QueryParameter>>;
/** The parameters that were given, by name, and the defaults of those that were not. */
export type Query = Readonly<Record<string, unknown>>;

export type ReadQuery = (querystring: string) => Query;

const ajv = new Ajv({ strict: true, strictTypes: false, allErrors: false });

/** Reads a query string, strictly: throws an `HttpProblem` naming each parameter that is unknown, repeated, malformed or out of range. */
export function createQueryReader(parameters: QueryParameters): ReadQuery {
  const known = Object.keys(parameters);
  const checks = new Map(Object.entries(parameters).map(([name, { schema }]) => [name, ajv.compile(schema)]));
  return (querystring) => {
    const given = decode(querystring);
    const faults: ProblemFault[] = [];
    for (const name of given.keys()) if (!known.includes(name)) faults.push(unknownParameter(name, known));
    const query: Record<string, unknown> = {};
    for (const [name, parameter] of Object.entries(parameters)) {
      const values = given.get(name);
      if (values === undefined) {
        if (parameter.required === true) faults.push({ detail: `${name} is missing`, parameter: name });
        else query[name] = parameter.schema['default'];
        continue;
      }
      if (values.length > 1 && parameter.schema.type !== 'array') {
        faults.push({ detail: `${name} is given more than once`, parameter: name });
        continue;
      }
      const value = convert(values, parameter.schema);
      const check = checks.get(name);
      if (check?.(value) === true) query[name] = value;
      else faults.push({ detail: `${name} ${ajv.errorsText(check?.errors, { dataVar: '' }).trim()}`, parameter: name });
    }
    if (faults.length > 0) throw new HttpProblem(badQuery(faults));
    return query;
  };
}

/** In a map, so that a parameter may be called `__proto__`. */
function decode(querystring: string): Map<string, string[]> {
  const given = new Map<string, string[]>();
  for (const pair of querystring.split('&')) {
    if (pair === '') continue;
    const [name = '', ...value] = pair.split('=');
    const key = decodePart(name);
    const values = given.get(key);
    const text = decodePart(value.join('='));
    if (values === undefined) given.set(key, [text]);
    else values.push(text);
  }
  return given;
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    const problem: Problem = { status: 400, detail: 'The percent-encoding of the query is malformed' };
    throw new HttpProblem(problem, { cause: error });
  }
}

function convert(values: readonly string[], { type }: QuerySchema): unknown {
  if (type === 'array') return values;
  const [text = ''] = values;
  return type === 'integer' && /^\d{1,15}$/.test(text) ? Number(text) : text;
}

function unknownParameter(name: string, known: readonly string[]): ProblemFault {
  const shown = name.length <= 64 ? name : `${name.slice(0, 63)}…`;
  const detail =
    known.length === 0 ? 'there are no query parameters here' : `the query parameters are ${known.join(', ')}`;
  return { detail: `unknown query parameter: ${detail}`, parameter: shown };
}

function badQuery(faults: readonly ProblemFault[]): Problem {
  const detail =
    faults.length === 1 ? 'A query parameter is wrong, see errors' : 'Some query parameters are wrong, see errors';
  return { status: 400, detail, errors: faults.slice(0, 100), errorCount: faults.length };
}
