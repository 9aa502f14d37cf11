/** The world of a chaos run: servers, two routers behind proxies, and a way to change routes. */
import { RouterProcess, type RouterServers } from '../router/router-process.js';
import type { TcpProxy } from './tcp-proxy.js';

export type ServerName = 'nats' | 'redis' | 'postgres' | 'worker' | 'temporal';

export interface Base {
  /** A connection with the administrator's rights that bypasses the proxies. */
  readonly natsUrl: string;
  readonly natsPort: number;
  /** Environment of the routers. The address of NATS is the proxy's. */
  readonly routerServers: RouterServers;
  /** True for the product's own stack, with worker and Temporal. */
  readonly ownStack: boolean;
  readonly sandboxOf: (g: number) => string | null;
  /** Kills by SIGKILL, waits at least this long, and resolves when the server is back. */
  kill(server: ServerName, forMs: number): Promise<void>;
  /** Resolves when the change is effective; rejects if that is unknown. */
  setRoute(g: number, registered: boolean): Promise<void>;
  close(): Promise<void>;
}

/** The product's router, unless a variant is named (router-variant.ts). */
const ENTRY = 'router/main.js';
const VARIANT_ENTRY = 'test/system/chaos/router-variant.js';

export class World {
  readonly #routers: (RouterProcess | undefined)[] = [undefined, undefined];
  /** Restarts a router that ended by itself, as a supervisor does. */
  readonly #watch = setInterval(() => {
    this.#restartGone();
  }, 200);
  crashes = 0;

  constructor(
    readonly base: Base,
    readonly proxies: readonly [TcpProxy, TcpProxy],
    private readonly env: Record<string, string>,
  ) {}

  kill(server: ServerName, forMs: number): Promise<void> {
    return this.base.kill(server, forMs);
  }

  startRouter(index: 0 | 1): void {
    const address = new URL(this.base.routerServers.natsUrl);
    address.port = String(this.proxies[index].port);
    const servers = { ...this.base.routerServers, natsUrl: address.href };
    const entry = this.env.ROUTER_VARIANT === undefined ? ENTRY : VARIANT_ENTRY;
    this.#routers[index] = RouterProcess.spawn(servers, this.env, entry);
  }

  signalRouter(index: 0 | 1, signal: NodeJS.Signals): void {
    this.#routers[index]?.signal(signal);
  }

  async killRouter(index: 0 | 1): Promise<void> {
    const router = this.#routers[index];
    this.#routers[index] = undefined;
    await router?.end('SIGKILL');
  }

  #restartGone(): void {
    for (const index of [0, 1] as const) {
      if (this.#routers[index]?.gone !== true) continue;
      this.crashes += 1;
      this.startRouter(index);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    for (const proxy of this.proxies) proxy.resume();
    await Promise.all([this.killRouter(0), this.killRouter(1)]);
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    await this.base.close();
  }
}
