/**
 * A small Discord on loopback: gateway and REST API on one port. It needs no other server, keeps
 * everything in memory, and says in its READY, headers and names that it is simulated.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../domain/errors.js';
import type { DiscordControl } from './control/control.js';
import { CONTROL_PATH, ControlServer } from './control/control-server.js';
import { LocalControl } from './control/local-control.js';
import { Gateway } from './gateway/gateway.js';
import { Sessions } from './gateway/sessions.js';
import { Rest } from './rest/rest.js';
import { allRoutes } from './rest/routes/index.js';
import { sow, STANDARD_SEED, type Seed } from './seed.js';
import type { Services } from './services.js';
import { Commands } from './world/commands.js';
import { Interactions } from './world/interactions.js';
import { Messages } from './world/messages.js';
import { Webhooks } from './world/webhooks.js';
import { World } from './world/world.js';

export interface SimulatedDiscordOptions {
  /** For the control surface; bot tokens are derived from it. */
  readonly secret: string;
  /** @default 0, a free port */
  readonly port?: number;
  /** @default STANDARD_SEED */
  readonly seed?: Seed;
  /** @default 41,250 */
  readonly heartbeatMs?: number;
  /** How long a session without a connection can be resumed. @default 300,000 */
  readonly resumableMs?: number;
  /** Events kept for a RESUME. @default 10,000 */
  readonly bufferedEvents?: number;
  /** How many IDENTIFYs an application may send in 5 seconds. @default 16 */
  readonly identifyConcurrency?: number;
  /** REST calls of one bot in a second. @default 50 */
  readonly globalLimit?: number;
  /** A bot's time to answer an interaction. @default 3,000 */
  readonly answerWithinMs?: number;
  /** How long `slash` waits for the message behind a deferred answer. @default 15,000 */
  readonly deferredMs?: number;
  readonly log?: { warn(facts: object, message: string): void };
  readonly now?: () => number;
  readonly random?: () => number;
}

export interface SimulatedDiscord extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`; the REST API is below `/api`. */
  readonly url: string;
  readonly gatewayUrl: string;
  readonly control: DiscordControl;
  /** Calls that Discord would count towards a ban of the address: 401, 403, 429. */
  invalidRequests(): number;
  close(): Promise<void>;
}

/** Only this machine reaches it. */
const HOST = '127.0.0.1';
const IDENTIFY_WINDOW_MS = 5_000;
const BUFFERED_BYTES = 16 * 1024 * 1024;
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 };

/** @throws the error of `listen`, as for a port that is taken */
export async function openSimulatedDiscord(
  options: SimulatedDiscordOptions,
): Promise<SimulatedDiscord> {
  const server = createServer(TIMEOUTS);
  const services = makeServices(options, () => `ws://${addressOf(server)}`);
  sow(services.world, options.seed ?? STANDARD_SEED);
  const warn = (what: string, error: string): void =>
    options.log?.warn({ what, err: error }, 'simulated Discord failed');
  const { globalLimit = 50, deferredMs = 15_000 } = options;
  const rest = new Rest({ services, routes: allRoutes(), globalLimit, onFailure: warn });
  const control = new LocalControl(services, deferredMs);
  const controls = new ControlServer(control, options.secret, (error) =>
    warn('control', messageOf(error)),
  );
  server.on('request', (request, response) => {
    const isControl = request.url?.startsWith(CONTROL_PATH) === true;
    void (isControl ? controls : rest).serve(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    services.gateway.upgrade(request, socket, head);
  });
  await listen(server, options.port ?? 0);
  const close = once(() => closeAll(server, services));
  return {
    ...{ url: `http://${addressOf(server)}`, gatewayUrl: services.gatewayUrl(), control, close },
    invalidRequests: () => rest.invalidRequests,
    [Symbol.asyncDispose]: close,
  };
}

function makeServices(options: SimulatedDiscordOptions, gatewayUrl: () => string): Services {
  const { now = Date.now, random = Math.random, secret } = options;
  const world = new World({ now, random, secret });
  const messages = new Messages(world);
  const { answerWithinMs = 3_000 } = options;
  const interactions = new Interactions(world, messages, { answerWithinMs });
  const { resumableMs = 300_000, bufferedEvents = 10_000 } = options;
  const limits = { resumableMs, bufferedEvents, bufferedBytes: BUFFERED_BYTES };
  const sessions = new Sessions(world, limits);
  const { heartbeatMs = 41_250, identifyConcurrency: concurrency = 16 } = options;
  const gateway = new Gateway({
    ...{ world, sessions, heartbeatMs, gatewayUrl },
    identify: { concurrency, windowMs: IDENTIFY_WINDOW_MS },
    onUnsupported: (what) =>
      options.log?.warn({ what }, 'a bot asked for something that simulated Discord does not have'),
  });
  return {
    ...{ world, messages, interactions, sessions, gateway, gatewayUrl },
    commands: new Commands(world),
    webhooks: new Webhooks(world, messages),
  };
}

function addressOf(server: Server): string {
  const { port } = server.address() as AddressInfo;
  return `${HOST}:${port}`;
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, HOST, resolve);
  });
}

async function closeAll(server: Server, services: Services): Promise<void> {
  services.interactions.close();
  services.gateway.close();
  services.sessions.close();
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
