/** Load on an HTTP server: so many connections, each asking again as soon as it is answered. */
import { Agent, request } from 'node:http';

export interface Load {
  readonly perSecond: number;
  /** Of each request. */
  readonly millis: readonly number[];
}

export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export async function loaded(
  { url, headers }: Target,
  { connections, requests }: { readonly connections: number; readonly requests: number },
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const millis: number[] = [];
  let left = requests;
  const began = performance.now();
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const from = performance.now();
      await once(url, headers, agent);
      millis.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  return { millis, perSecond: (requests * 1_000) / (performance.now() - began) };
}

/** @throws for any answer but 200 */
function once(url: string, headers: Target['headers'], agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`HTTP ${response.statusCode ?? 0}`));
      });
    });
    sent.once('error', reject).end();
  });
}
