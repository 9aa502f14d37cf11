/** Reads a service's metrics page, as Prometheus would. */
import { status } from '../../deploy/stack/index.js';
import { stackConfig } from './stack.js';

export type Scrape = ReadonlyMap<string, number>;

type Scraped = 'worker' | 'router' | 'api';

export async function pageOf(service: Scraped): Promise<string> {
  const found = (await status(stackConfig())).find(({ name }) => name === service);
  if (found?.metrics == null) throw new Error(`${service} has no metrics page`);
  return found.metrics;
}

/** Values by the sample's whole text: `name{label="value"}`. */
export async function scrape(service: Scraped): Promise<Scrape> {
  const text = await (await fetch(await pageOf(service))).text();
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, sample, value] = /^([a-z_:]\w*(?:\{.*\})?) (\S+)$/i.exec(line) ?? [];
    if (sample !== undefined) samples.set(sample, Number(value));
  }
  return samples;
}

/** The sum of all samples of a name with a label that contains `label`. */
export function total(samples: Scrape, name: string, label = ''): number {
  let sum = 0;
  for (const [sample, value] of samples) {
    if ((sample === name || sample.startsWith(`${name}{`)) && sample.includes(label)) sum += value;
  }
  return sum;
}

/** `/readyz`: its status, and the state of each dependency. */
export async function readiness(service: Scraped): Promise<{ status: number; text: string }> {
  const response = await fetch((await pageOf(service)).replace('/metrics', '/readyz'));
  return { status: response.status, text: await response.text() };
}
