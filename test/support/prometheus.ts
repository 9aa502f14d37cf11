/** A real Prometheus that scrapes the run's worker and router every second. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pageOf } from './scrape.js';
import { until } from './stack.js';

export interface Prometheus extends AsyncDisposable {
  /** The number of series that a query returns. */
  query(expression: string): Promise<number>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export async function runningPrometheus(): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const jobs = await Promise.all(
    (['worker', 'router'] as const).map(async (service) => ({
      job_name: `sandbox-${service}`,
      static_configs: [{ targets: [new URL(await pageOf(service)).host] }],
    })),
  );
  // JSON is valid YAML.
  const config = { global: { scrape_interval: '1s' }, scrape_configs: jobs };
  writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${directory}/prometheus.yml`,
      `--storage.tsdb.path=${directory}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const base = `http://127.0.0.1:${port}`;
  await until('Prometheus is ready', async () =>
    fetch(`${base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return {
    async query(expression) {
      const response = await fetch(
        `${base}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`,
      );
      const answer = (await response.json()) as {
        status: string;
        error?: string;
        data: { result: unknown[] };
      };
      if (answer.status !== 'success')
        throw new Error(`${expression}: ${answer.error ?? 'refused'}`);
      return answer.data.result.length;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
