import { readFileSync } from 'node:fs';

/** What a process has used so far, as Linux tells it. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMib: number;
  /** The most it ever held. */
  readonly peakRssMib: number;
}

/** `/proc` counts in hundredths of a second on every Linux that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** `undefined` where there is no `/proc`, and when the process is gone or not known. */
export function readUsage(pid: number | undefined): Usage | undefined {
  if (pid === undefined) return undefined;
  try {
    // The name of the command stands in parentheses and may hold anything; utime and stime are the 12th and 13th after it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      rssMib: kibOf(status, 'VmRSS') / 1024,
      peakRssMib: kibOf(status, 'VmHWM') / 1024,
    };
  } catch {
    return undefined;
  }
}

function kibOf(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}
