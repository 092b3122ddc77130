/** A module name as it stands in a source file. */
export interface Import {
  readonly specifier: string;
  /** From 1. */
  readonly line: number;
}

/** Every static, side-effect, re-exported and dynamic import with a literal name, types included, in the order of their offsets. */
export function importsOf(source: string): Import[] {
  const code = blankText(source);
  const found: { offset: number; specifier: string }[] = [];
  for (const pattern of IMPORTS) {
    for (const match of code.matchAll(pattern)) {
      const [whole, quote] = match;
      const end = match.index + whole.length - 1;
      const start = code.lastIndexOf(quote ?? '', end - 1) + 1;
      found.push({ offset: start, specifier: source.slice(start, end) });
    }
  }
  found.sort((a, b) => a.offset - b.offset);
  return found.map(({ offset, specifier }) => ({ specifier, line: lineAt(source, offset) }));
}

/** The lines, from 1, on which `pattern` (global) occurs in code: not in a comment and not in a string. */
export function linesWith(source: string, pattern: RegExp): number[] {
  return [...blankText(source).matchAll(pattern)].map(({ index }) => lineAt(source, index));
}

/** Each ends with the closing quote and captures the opening one; what is between them has been blanked. */
const IMPORTS = [
  /\b(?:import|export)\b[^'"`;()]*\bfrom\s*(['"])\s*\1/g,
  /\bimport\s*(['"])\s*\1/g,
  /\bimport\s*\(\s*(['"])\s*\1/g,
  /\b(?:require|require\.resolve|import\.meta\.resolve)\s*\(\s*(['"])\s*\1/g,
];

function lineAt(source: string, offset: number): number {
  let line = 1;
  for (let i = source.indexOf('\n'); i !== -1 && i < offset; i = source.indexOf('\n', i + 1)) line += 1;
  return line;
}

/**
 * The source with everything inside comments, strings, templates and regular expressions turned into spaces, so that a search finds code only.
 * Offsets, line breaks and quotes stay. Not a parser: enough for formatted TypeScript.
 */
export function blankText(source: string): string {
  const out: string[] = [];
  /** For each template that is open: how many braces are open in its current `${}`. */
  const templates: number[] = [];
  let at = 0;
  while (at < source.length) {
    const end = endOfText(source, at, templates);
    if (end === undefined) {
      out.push(source.charAt(at));
      at += 1;
    } else {
      out.push(blanked(source.slice(at, end)));
      at = end;
    }
  }
  return out.join('');
}

/** Where the comment, string, regular expression or stretch of template that begins at `at` ends; undefined where code stands. */
function endOfText(source: string, at: number, templates: number[]): number | undefined {
  const char = source.charAt(at);
  const open = templates.at(-1);
  if (char === '`') {
    templates.push(0);
    return endOfTemplate(source, at + 1, templates);
  }
  if (open !== undefined && (char === '{' || char === '}')) {
    if (char === '}' && open === 0) return endOfTemplate(source, at + 1, templates);
    templates[templates.length - 1] = open + (char === '{' ? 1 : -1);
    return undefined;
  }
  if (char === "'" || char === '"') return endOfLiteral(source, at, char);
  if (char !== '/') return undefined;
  const next = source.charAt(at + 1);
  if (next === '/') return endOr(source.indexOf('\n', at), source);
  if (next === '*') return endOr(source.indexOf('*/', at + 2) + 2, source, 1);
  return beginsExpression(source, at) ? endOfLiteral(source, at, '/') : undefined;
}

function endOfTemplate(source: string, from: number, templates: number[]): number {
  for (let i = from; i < source.length; i += 1) {
    const char = source.charAt(i);
    if (char === '\\') i += 1;
    else if (char === '`') {
      templates.pop();
      return i + 1;
    } else if (char === '$' && source.charAt(i + 1) === '{') {
      templates[templates.length - 1] = 0;
      return i + 2;
    }
  }
  return source.length;
}

/** A string or a regular expression; both end on their own line. */
function endOfLiteral(source: string, at: number, close: string): number {
  let inClass = false;
  for (let i = at + 1; i < source.length; i += 1) {
    const char = source.charAt(i);
    if (char === '\n') return i;
    if (char === '\\') i += 1;
    else if (close === '/' && char === '[') inClass = true;
    else if (close === '/' && char === ']') inClass = false;
    else if (char === close && !inClass) return i + 1;
  }
  return source.length;
}

/** Whether a slash here begins a regular expression: after an operator, an opening bracket or a word such as `return`; otherwise it divides. */
function beginsExpression(source: string, at: number): boolean {
  const before = source.slice(Math.max(0, at - 40), at).trimEnd();
  return (
    before === '' ||
    /[(,=:[!&|?{};+\-*%<>~^]$/.test(before) ||
    /\b(?:return|typeof|case|await|yield|in|of|void)$/.test(before)
  );
}

function endOr(index: number, source: string, least = 0): number {
  return index <= least ? source.length : index;
}

/** Quotes at either end stay, so that a search still sees that a string stands here. */
function blanked(text: string): string {
  const spaces = text.replaceAll(/[^\n]/g, ' ');
  const first = text.charAt(0);
  if (first !== "'" && first !== '"') return spaces;
  return `${first}${spaces.slice(1, -1)}${text.at(-1) ?? ''}`;
}
