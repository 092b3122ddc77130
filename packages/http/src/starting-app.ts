import type Koa from 'koa';
import { assembleApp } from './app.ts';
import { createBodyMemory } from './body-memory.ts';
import { createBodyReader } from './body-reader.ts';
import { createGate } from './gate.ts';
import { guardedObserver } from './guarded-observer.ts';
import type { HotRoutes } from './hot-app.ts';
import type { HttpDependencies } from './http-dependencies.ts';
import { createProbeRoutes } from './operation-routes.ts';
import { operationsOf } from './operations.ts';
import { buildOpenApi } from './openapi.ts';
import { HttpProblem, starting } from './problem.ts';
import { createReadiness, type ReadinessDependencies } from './readiness.ts';
import type { Route, Routes } from './route.ts';

type Shared = 'clock' | 'monotonicNow' | 'observer' | 'metrics' | 'options';

export interface StartingDependencies extends ReadinessDependencies, Pick<HttpDependencies, Shared> {
  /** What the start waits for now, in a word that clients may see. */
  readonly waitsFor: () => string;
}

/**
 * The app of a service that has no queue or no store yet: probes, metrics and the document are answered, readiness with
 * 503 and what is waited for; everything else, for those who may ask it, is 503 with `Retry-After`.
 */
export function createStartingApp(deps: StartingDependencies): Koa {
  const { clock, options, metrics, waitsFor } = deps;
  const observer = guardedObserver(deps.observer);
  const operations = operationsOf(options.role);
  const gate = createGate(options);
  const openApi = buildOpenApi({ operations, version: options.version, withKeys: options.apiKeys.length > 0 });
  const readiness = createReadiness(deps, () => starting(waitsFor()).detail);

  const refuse: Route = () => {
    throw new HttpProblem(starting(waitsFor()));
  };
  const routes: Routes = {
    listProducts: refuse,
    getFate: refuse,
    getQueue: refuse,
    listDeadLetters: refuse,
    replayDeadLetters: refuse,
    getDeadLetter: refuse,
    deleteDeadLetter: refuse,
    replayDeadLetter: refuse,
    ...createProbeRoutes({ readiness, gate, openApi, metrics }),
  };
  const hot: HotRoutes = {
    postEvents(_req, _res, answer) {
      observer.refused('starting', 1);
      answer(starting(waitsFor()));
    },
    getProduct: () => (_req, _res, answer) => answer(starting(waitsFor())),
  };
  const monotonicNow = deps.monotonicNow ?? (() => clock.now());
  const bodies = createBodyReader(createBodyMemory(options.bodyMemoryBytes, monotonicNow));
  return assembleApp(
    { operations, routes, hot, matchHot: () => undefined, gate, bodies, observer, options, monotonicNow },
    () => false,
  );
}
