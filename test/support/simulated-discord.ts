/** A simulated Discord for one test file, with a bare REST client for its bots. */
import { afterAll } from 'vitest';
import type { ApplicationSummary, GuildSummary } from '../../edge/simulated/control/control.js';
import type { Seed } from '../../edge/simulated/seed.js';
import {
  openSimulatedDiscord,
  type SimulatedDiscord,
  type SimulatedDiscordOptions,
} from '../../edge/simulated/simulated-discord.js';
import { BareGateway, type WireObject } from './bare-gateway.js';

export const SECRET = 'a-secret-of-the-tests';

/** Two bots: `one` is in both guilds, `other` only in the second. */
const SEED: Seed = {
  guilds: [
    { name: 'First', channels: [{ name: 'general' }, { name: 'more' }], members: ['Ada', 'Grace'] },
    { name: 'Second', members: ['Alan'] },
  ],
  applications: [{ name: 'one' }, { name: 'other', guilds: ['Second'] }],
};

/** Every intent, the privileged ones too. */
export const ALL_INTENTS = 0x3ff_ffff;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: WireObject;
  /** The body where it is a list. */
  readonly list: readonly WireObject[];
}

export interface Simulation {
  readonly discord: SimulatedDiscord;
  readonly first: GuildSummary;
  readonly second: GuildSummary;
  readonly one: ApplicationSummary;
  readonly other: ApplicationSummary;
  /** As the bot `one`, unless another token is given; `null` sends none. */
  readonly rest: (
    method: string,
    path: string,
    body?: unknown,
    token?: string | null,
  ) => Promise<Reply>;
  /** A gateway connection that has read HELLO. */
  readonly connect: (query?: string) => Promise<BareGateway>;
  /** A session that has read READY and its guilds. */
  readonly ready: (options?: {
    token?: string;
    intents?: number;
    shard?: [number, number];
  }) => Promise<{ gateway: BareGateway; sessionId: string }>;
}

/** @param atEnd when to close it: `onTestFinished` for one test */
export async function simulate(
  options: Partial<SimulatedDiscordOptions> = {},
  atEnd: (close: () => Promise<void>) => void = afterAll,
): Promise<Simulation> {
  const standard = { secret: SECRET, seed: SEED, identifyConcurrency: 1_000, globalLimit: 10_000 };
  const discord = await openSimulatedDiscord({ ...standard, ...options });
  atEnd(() => discord.close());
  const [first, second] = (await discord.control.guilds()) as [GuildSummary, GuildSummary];
  const applications = await discord.control.applications();
  const [one, other = one] = applications as [ApplicationSummary, ApplicationSummary?];
  const connect = async (query?: string): Promise<BareGateway> => {
    const gateway = await BareGateway.open(discord.gatewayUrl, query);
    await gateway.op(10);
    return gateway;
  };
  return {
    ...{ discord, first, second, one, other, connect },
    rest: (method, path, body, token = one.token) => rest(discord.url, method, path, body, token),
    async ready({ token = one.token, intents = ALL_INTENTS, shard } = {}) {
      const gateway = await connect();
      gateway.identify(token, intents, shard === undefined ? {} : { shard });
      const { d } = await gateway.event('READY');
      await gateway.settled();
      return { gateway, sessionId: d.session_id };
    },
  };
}

async function rest(
  url: string,
  method: string,
  path: string,
  body: unknown,
  token: string | null,
): Promise<Reply> {
  const isForm = body instanceof FormData;
  const headers = {
    ...(token === null ? {} : { authorization: `Bot ${token}` }),
    ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
  };
  const sent = body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) };
  const response = await fetch(`${url}/api/v10${path}`, { method, headers, ...sent });
  const text = await response.text();
  const { status, headers: answered } = response;
  const answer = (text === '' ? undefined : JSON.parse(text)) as WireObject | WireObject[];
  const list = Array.isArray(answer) ? answer : [];
  return { status, headers: answered, body: answer as WireObject, list };
}
