import { createHistogram, type Histogram, type HistogramSnapshot } from './histogram.ts';

const BOUNDS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Routes are templates and methods are Node's own list, so this is never met in good order. Further series are one. */
const SERIES_MAX = 1000;

export interface RouteSeries {
  readonly method: string;
  readonly route: string;
  readonly status: string;
  readonly seconds: HistogramSnapshot;
}

/** How long requests took, one histogram for each method, route and status that occurred. */
export interface RouteTimes {
  observe(method: string, route: string, status: number, seconds: number): void;
  snapshot(): readonly RouteSeries[];
}

interface Series {
  readonly method: string;
  readonly route: string;
  readonly status: string;
  readonly histogram: Histogram;
}

export function createRouteTimes(): RouteTimes {
  // Nested, because looking up three short keys is cheaper than building one string for each request.
  const routes = new Map<string, Map<string, Map<number, Series>>>();
  const all: Series[] = [];
  const rest: Series = { method: 'other', route: 'other', status: 'other', histogram: createHistogram(BOUNDS_S) };

  function add(method: string, route: string, status: number): Series {
    if (all.length >= SERIES_MAX) {
      if (all.length === SERIES_MAX) all.push(rest);
      return rest;
    }
    const series = { method, route, status: String(status), histogram: createHistogram(BOUNDS_S) };
    const methods = routes.get(route) ?? new Map<string, Map<number, Series>>();
    const statuses = methods.get(method) ?? new Map<number, Series>();
    routes.set(route, methods.set(method, statuses.set(status, series)));
    all.push(series);
    return series;
  }

  return {
    observe(method, route, status, seconds) {
      const series = routes.get(route)?.get(method)?.get(status) ?? add(method, route, status);
      series.histogram.observe(seconds);
    },
    snapshot: () =>
      all.map(({ method, route, status, histogram }) => ({ method, route, status, seconds: histogram.snapshot() })),
  };
}
