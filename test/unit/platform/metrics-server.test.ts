import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Counter, Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { startMetricsServer, type MetricsServerOptions } from '../../../platform/metrics-server.js';

async function pageOf(change: Partial<MetricsServerOptions> = {}): Promise<string> {
  const registry = new Registry();
  new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc(7);
  const ready = () => ({ ok: true, detail: {} });
  const page = await startMetricsServer({
    ...{ registry, host: '127.0.0.1', port: 0, ready },
    ...change,
  });
  onTestFinished(() => page.close());
  return page.url;
}

async function asked(url: string, path: string): Promise<[status: number, text: string]> {
  const response = await fetch(url.replace('/metrics', path));
  return [response.status, await response.text()];
}

it.each(['127.0.0.1', '0.0.0.0'])('a page on %s reports an address that works', async (host) => {
  const url = await pageOf({ host });
  expect(new URL(url).hostname).toBe('127.0.0.1');
  expect(await asked(url, '/metrics')).toEqual([200, expect.stringContaining('things_total 7')]);
});

it('the page shows the process’s own metrics if the additional ones fail', async () => {
  const url = await pageOf({ more: () => Promise.reject(new Error('the SDK is silent')) });
  expect(await asked(url, '/metrics')).toEqual([200, expect.stringContaining('things_total 7')]);
});

it('a failing readiness check is an error, and `/healthz` still answers', async () => {
  const url = await pageOf({ ready: () => Promise.reject(new Error('no answer')) });
  expect(await asked(url, '/readyz')).toEqual([500, 'no answer\n']);
  expect(await asked(url, '/healthz')).toEqual([200, 'ok\n']);
});

it('anything else is not found', async () => {
  const url = await pageOf();
  for (const path of ['/', '/metrics/x', '/readyz2'])
    expect(await asked(url, path)).toEqual([404, 'not found\n']);
});

it('observes its process from the first reading on, and not before', async () => {
  const registry = new Registry();
  const url = await pageOf({ registry });
  expect(registry.getMetricsAsArray()).toEqual([]);
  const [, page] = await asked(url, '/metrics');
  expect(page).toContain('process_cpu_seconds_total');
  const [, shortest] = /^nodejs_eventloop_lag_min_seconds (\S+)$/m.exec(page) ?? [];
  expect(Number(shortest)).toBeGreaterThan(0);
  expect(Number(shortest)).toBeLessThan(60);
});

it('a port in use fails the start', async () => {
  const port = Number(new URL(await pageOf()).port);
  await expect(pageOf({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

it('a path that is no URL is not found, and the process continues', async () => {
  const url = await pageOf();
  const { port, hostname } = new URL(url);
  for (const path of ['//', '//x:99999/', 'http://[']) {
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(await text(socket), path).toMatch(/^HTTP\/1\.1 40[04] /);
  }
  expect(await asked(url, '/healthz')).toEqual([200, 'ok\n']);
});
