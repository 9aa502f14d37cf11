/** The API's metrics. No label holds a path, a sandbox or a token: their values have no end. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Answered } from './app.js';

export interface ApiMetrics {
  answered(answered: Answered): void;
}

export function apiMetrics(registry: Registry, openStreams: () => number): ApiMetrics {
  const registers = [registry];
  const duration = new Histogram({
    ...{ name: 'sandbox_api_request_seconds', registers },
    help: 'Time to the answer by route, method and status; of a stream: to its begin',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  });
  const failures = new Counter({
    ...{ name: 'sandbox_api_failures_total', registers },
    help: 'Answers of 500 and above, by status',
    labelNames: ['status'],
  });
  new Gauge({
    ...{ name: 'sandbox_api_streams', registers },
    help: 'Open streams of events',
    collect() {
      this.set(openStreams());
    },
  });
  return {
    answered({ route, method, status, millis }) {
      duration.observe({ route, method: known(method), status }, millis / 1_000);
      if (status >= 500) failures.inc({ status });
    },
  };
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']);
const known = (method: string): string => (METHODS.has(method) ? method : 'other');
