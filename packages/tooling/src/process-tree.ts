import { readdirSync, readFileSync } from 'node:fs';

/**
 * Sends a signal to a process and to all that it forked, also those in a session of their own, and answers which these
 * were. None left is harmless.
 */
export function signalTree(pid: number, signal: NodeJS.Signals): number[] {
  // Stopped first, so that nothing is forked while we look.
  send(pid, 'SIGSTOP');
  const tree = [pid, ...descendantsOf(pid)];
  for (const each of tree) send(each, signal);
  if (signal !== 'SIGSTOP' && signal !== 'SIGKILL') for (const each of tree) send(each, 'SIGCONT');
  return tree;
}

/** Of the process, its children and theirs, as /proc tells. */
function descendantsOf(pid: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const parent = /^\d+$/.test(entry) ? parentOf(entry) : undefined;
    if (parent !== undefined) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(entry)]);
  }
  const found = [pid];
  for (const one of found) found.push(...(childrenOf.get(one) ?? []));
  return found.slice(1);
}

/** A zombie is gone, all but for its parent's asking. */
export function isAlive(pid: number): boolean {
  return (stateAndParent(`${pid}`)?.[0] ?? 'Z') !== 'Z';
}

function parentOf(pid: string): number | undefined {
  const parent = stateAndParent(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** proc(5): pid (name) state ppid …, where the name may have brackets and spaces. */
function stateAndParent(pid: string): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ', 2);
  } catch {
    return undefined; // it has ended meanwhile
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}
