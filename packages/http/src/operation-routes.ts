import { describe } from '@product-updates/errors';
import type { Gate } from './gate.ts';
import type { HttpDependencies } from './http-dependencies.ts';
import { HttpProblem } from './problem.ts';
import { createReadiness, type Readiness } from './readiness.ts';
import type { Routes } from './route.ts';

type ProbeRoutes = Pick<Routes, 'getLiveness' | 'getReadiness' | 'getMetrics' | 'getOpenApi'>;
type OperationRoutes = ProbeRoutes & Pick<Routes, 'getQueue'>;

export interface OperationRoutesOptions {
  readonly deps: HttpDependencies;
  readonly gate: Gate;
  readonly isDraining: () => boolean;
  readonly openApi: object;
}

/** What operators and their tools ask. */
export function createOperationRoutes({ deps, gate, isDraining, openApi }: OperationRoutesOptions): OperationRoutes {
  const readiness = createReadiness(deps, () => (isDraining() ? 'The server is shutting down' : undefined));
  return {
    ...createProbeRoutes({ readiness, gate, openApi, metrics: deps.metrics }),
    async getQueue() {
      return { status: 200, body: await queueStatus(deps) };
    },
  };
}

export interface ProbeRoutesOptions extends Pick<OperationRoutesOptions, 'gate' | 'openApi'> {
  readonly readiness: Readiness;
  readonly metrics: HttpDependencies['metrics'];
}

/** What answers as long as the process runs, whatever is with queue and store. */
export function createProbeRoutes({ readiness, gate, openApi, metrics }: ProbeRoutesOptions): ProbeRoutes {
  const document = JSON.stringify(openApi);

  return {
    getLiveness() {
      return { status: 200, body: { alive: true } };
    },
    async getReadiness({ caller }) {
      const answer = await readiness(gate.seesInside(caller));
      if ('detail' in answer) throw new HttpProblem(answer);
      return answer;
    },
    async getMetrics() {
      const { contentType, body } = await metrics();
      return { status: 200, body, headers: { 'content-type': contentType } };
    },
    getOpenApi() {
      return {
        status: 200,
        body: document,
        headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' },
      };
    },
  };
}

async function queueStatus({ queue, pipeline, rates, clock, durability }: HttpDependencies): Promise<object> {
  const { depth, capacity, unacked, oldestMs } = await queue.stats();
  const status = pipeline?.status();
  return {
    depth,
    capacity,
    unacked,
    oldest_age_seconds: oldestMs === null ? null : Math.max(0, clock.now() - oldestMs) / 1000,
    durability: durability.queue,
    ...rates(),
    workers: status?.workers.map(({ state, since_ms }) => ({ state, since: timeOf(since_ms) })) ?? [],
    busy: status?.busy ?? 0,
    state: status?.state ?? null,
    hold: status?.hold ? timed(status.hold) : null,
    retrying: status?.retrying ? timed(status.retrying) : null,
    holding: status?.holding ?? 0,
    window: status?.window ?? 0,
    last_receive_at: typeof status?.last_receive_ms === 'number' ? timeOf(status.last_receive_ms) : null,
  };
}

function timed<T extends { since_ms: number; error: string }>({ since_ms, error, ...rest }: T): object {
  return { ...rest, since: timeOf(since_ms), error: describe(error) };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
