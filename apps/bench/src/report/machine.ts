import { availableParallelism } from 'node:os';
import type { Pinning } from '../process/pinning.ts';

/** What a reader needs to judge the figures, and nothing that names the machine. */
export function describeMachine(pinning: Pinning): string {
  const pinned =
    pinning.server === null
      ? 'Server and load are NOT pinned to cores: they disturb each other.'
      : 'Server and load are each pinned to one core.';
  return `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} cores. ${pinned}`;
}
