import type { Clock } from '@product-updates/queue';

const WINDOW_MS = 1000;

export interface FloodGateOptions {
  readonly clock: Clock;
  /** How many lines of one kind may pass in a window. */
  readonly lines: number;
  /** A second unless told. */
  readonly windowMs?: number;
  /** Called once for a window in which lines were held back. */
  readonly summarise: (kind: string, suppressed: number) => void;
}

/**
 * Bounds how often the same thing is said. What is held back is counted and told in one line when the window is over,
 * so that a flood neither fills a disk nor goes unseen. The only timer runs while something is held back.
 */
export interface FloodGate extends Disposable {
  /** `kind` comes from a closed list of the caller's. */
  passes(kind: string): boolean;
}

interface Window {
  startMs: number;
  passed: number;
  suppressed: number;
  cancel: () => void;
}

export function createFloodGate({ clock, lines, windowMs = WINDOW_MS, summarise }: FloodGateOptions): FloodGate {
  const windows = new Map<string, Window>();

  function settle(kind: string, window: Window): void {
    windows.delete(kind);
    window.cancel();
    if (window.suppressed > 0) summarise(kind, window.suppressed);
  }

  return {
    passes(kind) {
      const nowMs = clock.now();
      const open = windows.get(kind);
      const ageMs = open === undefined ? windowMs : nowMs - open.startMs;
      if (open !== undefined && (ageMs >= windowMs || ageMs < 0)) settle(kind, open);
      const window = windows.get(kind) ?? { startMs: nowMs, passed: 0, suppressed: 0, cancel: () => {} };
      windows.set(kind, window);
      if (window.passed < lines) {
        window.passed += 1;
        return true;
      }
      if (window.suppressed === 0) window.cancel = clock.schedule(windowMs, () => settle(kind, window));
      window.suppressed += 1;
      return false;
    },
    /** Tells what is still held back, and lets go of its timers. */
    [Symbol.dispose]() {
      for (const [kind, window] of windows) settle(kind, window);
    },
  };
}
