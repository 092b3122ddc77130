import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Which core the server under test runs on, and which one the load; `null` where the machine cannot pin or has one core. */
export interface Pinning {
  readonly server: number | null;
  readonly load: number | null;
}

/** The last two of the cores that this process may use: the first ones serve the rest of the machine. */
export function findPinning(): Pinning {
  const cores = allowedCores();
  if (cores.length < 2 || !tasksetWorks()) return { server: null, load: null };
  return { server: cores.at(-2) ?? null, load: cores.at(-1) ?? null };
}

/** The command that runs `command` on one core. `taskset` replaces itself by it: the process id stays the child's. */
export function onCore(core: number | null, command: readonly string[]): readonly string[] {
  return core === null ? command : ['taskset', '-c', String(core), ...command];
}

function tasksetWorks(): boolean {
  return spawnSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' }).status === 0;
}

function allowedCores(): number[] {
  if (process.platform !== 'linux') return [];
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return parseCoreList(list);
}

/** Linux writes `0-3,8`. */
export function parseCoreList(list: string): number[] {
  if (list === '') return [];
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    if (first === undefined || last === undefined || Number.isNaN(first + last)) return [];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
