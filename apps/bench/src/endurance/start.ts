import { delay } from '../process/probe.ts';
import { readUsage } from '../process/usage.ts';
import { mib, ms, type Section } from '../report/markdown.ts';
import { spreadOf, type Spread } from '../stats.ts';
import { startSubject, type StartOptions } from '../subjects/subject.ts';

export interface StartSectionOptions extends StartOptions {
  readonly starts: number;
  /** After the first answer, until the memory is called idle. */
  readonly settleMs: number;
}

/** Starts the service again and again: from the start of the process to its first answer, and what it holds idle. */
export async function startSection(options: StartSectionOptions): Promise<Section> {
  const startMs: number[] = [];
  const idleMib: number[] = [];
  for (let start = 0; start < options.starts; start += 1) {
    await using server = await startSubject('service', options);
    startMs.push(server.startMs);
    await delay(options.settleMs);
    const usage = readUsage(server.pid);
    if (usage !== undefined) idleMib.push(usage.rssMib);
  }
  const rows = [row('start to first answer, ms', spreadOf(startMs), ms)];
  if (idleMib.length > 0) rows.push(row('idle RSS, MiB', spreadOf(idleMib), mib));
  return {
    title: 'Start and rest',
    paragraphs: [
      `The built server by \`node\`; starts: ${options.starts}. Idle memory is taken ${options.settleMs / 1000} s after the first answer.`,
    ],
    tables: [{ columns: ['service', 'median', 'smallest', 'largest'], rows }],
  };
}

function row(name: string, spread: Spread, format: (value: number) => string): string[] {
  return [name, format(spread.median), format(spread.min), format(spread.max)];
}
