/** `Control` over HTTP: its caller is the identity behind a token. */
import type { Control, IdentityControl, TemplateControl } from '../domain/control.js';
import { parseDuration } from '../domain/duration.js';
import { SandboxError } from '../domain/errors.js';
import { parseGuildId } from '../domain/guild.js';
import { parseRole } from '../domain/identity-input.js';
import { parseOwner, type SandboxId } from '../domain/names.js';
import type { Sandbox } from '../domain/sandbox.js';
import { parseTemplateInput } from '../domain/template.js';
import { batchesOf } from './batches.js';
import * as from from './domain-types.js';
import { SandboxClient, type ClientOptions } from './sandbox-client.js';
import { delay } from './transport.js';
import { directOnly, grantWishes, sandboxWishes, tokenWishes } from './wishes.js';

const FIRST_LOOK_MS = 200;
const LONGEST_LOOK_MS = 2_000;

/**
 * Sends nothing yet.
 * @throws SANDBOX_008 for an invalid address, SANDBOX_012 for an invalid token
 */
export function openHttpControl(config: ClientOptions): Control {
  const closed = new AbortController();
  const { signal } = closed;
  const client = new SandboxClient(config);
  const close = (): Promise<void> => {
    closed.abort(new SandboxError('SANDBOX_009', 'the client is closed'));
    return Promise.resolve();
  };
  return {
    ...sandboxesOver(client, signal),
    ...eventsOver(client, signal),
    ...identityOver(client, signal),
    ...templatesOver(client, signal),
    sweep: () => Promise.reject(directOnly('a sweep')),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Sandboxes = Omit<
  Control,
  | keyof IdentityControl
  | keyof TemplateControl
  | 'sweep'
  | 'events'
  | 'storedEvents'
  | 'emit'
  | 'close'
  | typeof Symbol.asyncDispose
>;

function sandboxesOver(client: SandboxClient, signal: AbortSignal): Sandboxes {
  return {
    async create({ wait = true, ...wishes } = {}) {
      return from.sandbox(await client.createSandbox(sandboxWishes(wishes), { wait, signal }));
    },
    get: async (ref) => from.sandbox(await client.getSandbox(ref, { signal })),
    async list({ owner, status, all = false } = {}) {
      const query = {
        all: all ? ('true' as const) : ('false' as const),
        ...(owner === undefined ? {} : { owner: parseOwner(owner) }),
        ...(status === undefined ? {} : { status }),
      };
      return (await allOf(client.listSandboxes(query, { signal }))).map(from.sandbox);
    },
    async destroy(ref) {
      const { sandbox, alreadyDestroyed } = await client.destroySandbox(ref, { signal });
      return { sandbox: from.sandbox(sandbox), alreadyDestroyed };
    },
    statusToDestroy: async (ref) => (await client.getSandbox(ref, { signal })).status,
    waitUntilDestroyed: (sandboxId) => untilDestroyed(client, sandboxId, signal),
    registerGuild: async (ref, guildId) =>
      from.sandbox(await client.registerGuild(ref, guildId, { signal })),
    unregisterGuild: (guildId) => unregisterGuild(client, guildId, signal),
    async extend(ref, by, { clamp = false } = {}) {
      parseDuration(by);
      return from.extended(await client.extendSandbox(ref, { by, clamp }, { signal }));
    },
    reset: async (ref) => from.sandbox(await client.resetSandbox(ref, { signal })),
    status: async (ref) => from.health(await client.getHealth(ref, { signal })),
    audit: async (ref) => (await allOf(client.getAudit(ref, { signal }))).map(from.auditEntry),
    connection: (ref) => client.getConnection(ref, { signal }),
  };
}

function eventsOver(
  client: SandboxClient,
  signal: AbortSignal,
): Pick<Control, 'events' | 'storedEvents' | 'emit'> {
  return {
    events: (ref, options) => client.events(ref, options),
    storedEvents: (ref, options) => client.storedEvents(ref, options),
    async emit(ref, events) {
      const sequences: number[] = [];
      for (const batch of batchesOf(events))
        sequences.push(...(await client.emit(ref, batch, { signal })));
      return sequences;
    },
  };
}

function identityOver(client: SandboxClient, signal: AbortSignal): IdentityControl {
  return {
    me: async () => from.identity(await client.getMe({ signal })),
    async createToken(options) {
      const created = await client.createToken(tokenWishes(options), { signal });
      const { token } = created;
      if (token === null) throw lostToken(created.id);
      return from.createdToken({ ...created, token });
    },
    async listTokens({ owner } = {}) {
      const query = owner === undefined ? {} : { owner: parseOwner(owner) };
      return (await allOf(client.listTokens(query, { signal }))).map(from.token);
    },
    revokeToken: async (tokenId) => from.token(await client.revokeToken(tokenId, { signal })),
    grantGuild: async (grant) =>
      from.grant(await client.createGrant(grantWishes(grant), { signal })),
    async listGrants({ owner, guild } = {}) {
      const query = {
        ...(owner === undefined ? {} : { owner: parseOwner(owner) }),
        ...(guild === undefined ? {} : { guild: parseGuildId(guild) }),
      };
      return (await allOf(client.listGrants(query, { signal }))).map(from.grant);
    },
    revokeGrant: async (guildId, owner) =>
      from.grant(await client.revokeGrant(guildId, owner, { signal })),
    setOwnerRole: async (owner, role) =>
      from.ownerRole(await client.setOwnerRole(owner, parseRole(role), { signal })),
  };
}

function templatesOver(client: SandboxClient, signal: AbortSignal): TemplateControl {
  return {
    async addTemplate(options) {
      const { name, source, files } = parseTemplateInput(options);
      const made = source.kind === 'schema' ? { schema: source.schema } : { files: [...files] };
      return from.template(await client.addTemplate({ name, ...made }, { signal }));
    },
    refreshTemplate: async (name) => from.template(await client.refreshTemplate(name, { signal })),
    listTemplates: async () => (await allOf(client.listTemplates({ signal }))).map(from.template),
    getTemplate: async (name) => from.templateText(await client.getTemplate(name, { signal })),
    removeTemplate: async (name) => from.template(await client.removeTemplate(name, { signal })),
  };
}

async function unregisterGuild(
  client: SandboxClient,
  guildId: string,
  signal: AbortSignal,
): Promise<Sandbox> {
  const { sandbox } = await client.getGuild(guildId, { signal });
  if (sandbox === null) {
    throw new SandboxError('SANDBOX_004', `guild ${guildId} is registered to no sandbox`, {
      hint: '`bd sandbox list` shows the guilds of each sandbox.',
    });
  }
  return from.sandbox(await client.unregisterGuild(sandbox.id, guildId, { signal }));
}

/** Polls, because a clean-up may take days. */
async function untilDestroyed(
  client: SandboxClient,
  sandboxId: SandboxId,
  signal: AbortSignal,
): Promise<Sandbox> {
  for (let wait = FIRST_LOOK_MS; ; wait = Math.min(LONGEST_LOOK_MS, wait * 1.5)) {
    const sandbox = await client.getSandbox(sandboxId, { signal });
    if (sandbox.status === 'destroyed') return from.sandbox(sandbox);
    await delay(wait, signal);
  }
}

const lostToken = (tokenId: string): SandboxError =>
  new SandboxError('SANDBOX_009', `token ${tokenId} was created, but its answer was lost`, {
    hint: `Revoke it (\`bd token revoke ${tokenId}\`), and create another one.`,
    details: { dependency: 'api', tokenId },
  });

async function allOf<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}
