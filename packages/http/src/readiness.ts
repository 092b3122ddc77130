import { describe } from '@product-updates/errors';
import type { Clock, Durability } from '@product-updates/queue';
import type { HttpDependencies } from './http-dependencies.ts';
import type { Problem } from './problem.ts';
import type { Reply } from './route.ts';

/** How one part is doing. Who may not see the inside is only told whether it is well, and what it waits for. */
interface Check {
  readonly ok: boolean;
  /** Consumer only: what it is held by. */
  readonly held_by?: string;
  /** Verbose only. */
  readonly error?: string;
  readonly [detail: string]: unknown;
}

/** How long a ping may take before the part counts as not well. */
const PING_TIMEOUT_MS = 2000;

/** Tells whether this process can do its work: a reply, or the problem (503) that names what is wrong. */
export type Readiness = (verbose: boolean) => Promise<Reply | Problem>;

export interface ReadinessDependencies extends Pick<HttpDependencies, 'store' | 'pipeline' | 'clock'> {
  readonly queue: Pick<HttpDependencies['queue'], 'ping'>;
  /** `null`: not known yet. */
  readonly durability: Readonly<Record<keyof HttpDependencies['durability'], Durability | null>>;
}

/** `passing`: what keeps the process from its work though nothing is wrong, like its shutdown; `undefined`: nothing. */
export function createReadiness(deps: ReadinessDependencies, passing: () => string | undefined): Readiness {
  const { queue, store, pipeline, durability, clock } = deps;
  const checkQueue = createCheck(() => queue.ping(), clock);
  const checkStore = createCheck(() => store.ping(), clock);

  return async (verbose) => {
    const [queueCheck, storeCheck] = await Promise.all([checkQueue(), checkStore()]);
    const checks: Record<string, Check> = { queue: queueCheck, store: storeCheck };
    if (pipeline !== null) checks['consumer'] = consumerCheck(pipeline);
    const unwell = Object.keys(checks).filter((name) => checks[name]?.ok !== true);
    const shown = verbose
      ? checks
      : Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, brief(check)]));
    const passed = passing();
    if (passed !== undefined) return notReady(passed, shown, durability);
    if (unwell.length > 0) return notReady(`Not well: ${unwell.join(', ')}`, shown, durability);
    return { status: 200, body: { ready: true, checks: shown, durability } };
  };
}

function notReady(detail: string, checks: object, durability: object): Problem {
  return { status: 503, detail, headers: { 'retry-after': '2' }, members: { ready: false, checks, durability } };
}

function consumerCheck(pipeline: NonNullable<ReadinessDependencies['pipeline']>): Check {
  const { state, hold, retrying, last_receive_ms, workers: _, ...counts } = pipeline.status();
  const last_receive_at = last_receive_ms === null ? null : new Date(last_receive_ms).toISOString();
  const details = { state, retrying: retrying?.products ?? 0, ...counts, last_receive_at };
  if (hold === null) return { ok: state === 'running', ...details };
  const held_since = new Date(hold.since_ms).toISOString();
  return { ok: false, held_by: hold.reason, held_since, error: describe(hold.error), ...details };
}

function brief({ ok, held_by }: Check): Check {
  return held_by === undefined ? { ok } : { ok, held_by };
}

/** Asks at most once at a time, however many want to know, and never makes them wait longer than the time-out. */
function createCheck(ping: () => Promise<void>, clock: Clock): () => Promise<Check> {
  let running: Promise<Check> | undefined;
  async function ask(): Promise<Check> {
    try {
      await ping();
      return { ok: true };
    } catch (error) {
      return { ok: false, error: describe(error) };
    } finally {
      running = undefined;
    }
  }
  return () => {
    running ??= Promise.resolve().then(ask);
    return within(running, clock);
  };
}

function within(check: Promise<Check>, clock: Clock): Promise<Check> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(PING_TIMEOUT_MS, () =>
      resolve({ ok: false, error: `no answer within ${PING_TIMEOUT_MS} ms` }),
    );
    void check.then((answer) => {
      cancel();
      resolve(answer);
    });
  });
}
