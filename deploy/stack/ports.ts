/**
 * Ports that stay the same from one start to the next. They are chosen below the range that outgoing connections use:
 * there a reconnecting client can be given its server's own port as source, connect to itself, and keep the server out.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { z } from 'zod';
import { SandboxError } from '../../domain/errors.js';
import { readJson, writeJson } from './home.js';

const PORT_NAMES = [
  ...(['temporal', 'temporalUi', 'temporalHttp', 'temporalMetrics', 'postgres'] as const),
  ...(['redis', 'nats', 'natsMonitor', 'worker', 'router'] as const),
  // `api` and `discord`: of their metrics, as of the other processes.
  ...(['api', 'apiHttp', 'discord', 'discordHttp'] as const),
] as const;
export type PortName = (typeof PORT_NAMES)[number];

const FIRST = 20_000;
const LAST = 29_999;
/** Where people look for it. */
const PREFERRED: Partial<Record<PortName, number>> = {
  temporalUi: 8233,
  apiHttp: 7780,
  discordHttp: 7782,
};

/** Another version may keep more names than this one: they stay. */
const stored = z.record(z.string(), z.number().int().min(1).max(65_535));

/**
 * Reserved ports are held open until just before the server that gets them is spawned: between stacks that start at
 * once, a port that is only probed would be given out twice.
 */
export class Ports {
  private readonly held = new Map<PortName, Server>();

  private constructor(
    private readonly path: string,
    private readonly chosen: Map<PortName, number>,
  ) {}

  static async load(path: string): Promise<Ports> {
    const { data: kept = {} } = stored.safeParse(await readJson(path));
    return new Ports(path, new Map(Object.entries(kept) as [PortName, number][]));
  }

  /** @throws SANDBOX_009 where no free port is found; `moved` names those that had to change */
  async reserve(names: readonly PortName[]): Promise<{ moved: PortName[] }> {
    const moved: PortName[] = [];
    for (const name of names) {
      const before = this.chosen.get(name);
      const port = await this.choose(name, [before, PREFERRED[name]]);
      if (before !== undefined && before !== port) moved.push(name);
    }
    await this.save();
    return { moved };
  }

  /** Another port in place of one that somebody took before the server could. */
  async replace(names: readonly PortName[]): Promise<void> {
    for (const name of names) await this.choose(name, []);
    await this.save();
  }

  has(name: PortName): boolean {
    return this.chosen.has(name);
  }

  of(name: PortName): number {
    const port = this.chosen.get(name);
    if (port === undefined) throw new Error(`port ${name} was not reserved`);
    return port;
  }

  /** Lets go of ports, for the server that is spawned next. */
  async release(names: readonly PortName[] = PORT_NAMES): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        const server = this.held.get(name);
        this.held.delete(name);
        if (server !== undefined) await new Promise((resolve) => server.close(resolve));
      }),
    );
  }

  private async choose(name: PortName, wishes: readonly (number | undefined)[]): Promise<number> {
    await this.release([name]);
    const random = Array.from({ length: 50 }, () => randomInt(FIRST, LAST + 1));
    for (const port of [...wishes, ...random]) {
      if (port === undefined) continue;
      const server = await hold(port);
      if (server === null) continue;
      this.held.set(name, server);
      this.chosen.set(name, port);
      return port;
    }
    const text = `no free port between ${FIRST} and ${LAST} on 127.0.0.1`;
    throw new SandboxError('SANDBOX_009', text, {
      hint: 'Stop something that listens there (`bd dev status` of other stacks, `ss -ltnp`).',
      details: { dependency: 'stack', port: name },
    });
  }

  private save(): Promise<void> {
    return writeJson(this.path, Object.fromEntries(this.chosen));
  }
}

function hold(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.resetAndDestroy());
    server.once('error', () => {
      resolve(null);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      resolve(server);
    });
  });
}
