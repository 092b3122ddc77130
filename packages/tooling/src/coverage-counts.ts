import { pathToFileURL } from 'node:url';

/** What Node writes to NODE_V8_COVERAGE when a process ends. Ranges nest; the innermost one that holds an offset tells its count. */
interface RawCoverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly Range[] }[];
  }[];
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** How often code ran, over all processes of a test run. Types are stripped to blanks, so that offsets are those of the source. */
export class CoverageCounts {
  readonly #prefix: string;
  /** By URL; one list of ranges for each process that loaded the file. */
  readonly #loads = new Map<string, Range[][]>();

  /** Files outside `root` are left out. */
  constructor(root: string) {
    this.#prefix = `${pathToFileURL(root).href}/`;
  }

  /** @param json one file of the NODE_V8_COVERAGE folder */
  add(json: string): void {
    for (const { url, functions } of (JSON.parse(json) as RawCoverage).result) {
      if (!url.startsWith(this.#prefix) || url.includes('/node_modules/')) continue;
      const loads = this.#loads.get(url);
      const ranges = functions.flatMap((one) => one.ranges);
      if (loads === undefined) this.#loads.set(url, [ranges]);
      else loads.push(ranges);
    }
  }

  /** 0 also for a file that no process loaded. */
  at(url: string, offset: number): number {
    let total = 0;
    for (const ranges of this.#loads.get(url) ?? []) total += countAt(ranges, offset);
    return total;
  }
}

function countAt(ranges: readonly Range[], offset: number): number {
  let innermost: Range | undefined;
  for (const range of ranges) {
    if (offset < range.startOffset || offset >= range.endOffset) continue;
    if (innermost === undefined || length(range) <= length(innermost)) innermost = range;
  }
  return innermost?.count ?? 0;
}

function length({ startOffset, endOffset }: Range): number {
  return endOffset - startOffset;
}
