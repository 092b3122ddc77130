import { blankText } from './source-text.ts';

export interface Catch {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** `catch (error) {`, `catch {`, and `.catch(` with a function written in place; a handler that is passed by name is covered as a function. */
const CATCH = /(?<!\.)\bcatch\s*(?:\([^)]*\)\s*)?\{|\.catch\(\s*(?=async\b|function\b|\(|\w+\s*=>)/g;

/** The catch clauses and rejection handlers of a source file that never ran. `countAt` tells how often the code at an offset did. */
export function unreachedCatches(file: string, source: string, countAt: (offset: number) => number): Catch[] {
  return [...blankText(source).matchAll(CATCH)]
    .filter(({ 0: text, index }) => countAt(index + text.length) === 0)
    .map(({ index }) => ({ file, line: source.slice(0, index).split('\n').length }));
}
