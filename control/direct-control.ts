/** `Control` on this machine with the servers' own credentials. Its caller is an operator. */
import { directActor } from '../domain/actor.js';
import type { Config } from '../platform/config.js';
import type { Control } from '../domain/control.js';
import type { ServiceOptions } from './connections.js';
import { IdentityService } from './identity-service.js';
import { SandboxService } from './sandbox-service.js';
import { TemplateService } from './template-service.js';

/**
 * Acts as the configuration's owner. Opens no connection yet.
 * @throws SANDBOX_008 for an invalid owner; SANDBOX_009 if neither environment nor local stack
 * names the servers
 */
export function openDirectControl(config: Config, options: ServiceOptions = {}): Control {
  const actor = directActor(config.owner);
  const service = new SandboxService(config, options);
  const identity = new IdentityService(service.connections);
  const templates = new TemplateService(service.connections);
  const close = (): Promise<void> => service.close();
  return {
    create: (wishes = {}) => service.create(actor, wishes),
    get: (idOrName) => service.get(actor, idOrName),
    list: (filter = {}) => service.list(actor, filter),
    destroy: (idOrName) => service.destroy(actor, idOrName),
    statusToDestroy: (idOrName) => service.statusToDestroy(actor, idOrName),
    waitUntilDestroyed: (sandboxId) => service.waitUntilDestroyed(actor, sandboxId),
    registerGuild: (idOrName, guildId) => service.registerGuild(actor, idOrName, guildId),
    unregisterGuild: (guildId) => service.unregisterGuild(actor, guildId),
    extend: (idOrName, duration, how = {}) => service.extend(actor, idOrName, duration, how),
    reset: (idOrName) => service.reset(actor, idOrName),
    status: (idOrName) => service.status(actor, idOrName),
    audit: (idOrName) => service.audit(actor, idOrName),
    events: (idOrName, how) => service.events(actor, idOrName, how),
    storedEvents: (idOrName, how) => service.storedEvents(actor, idOrName, how),
    emit: (idOrName, events) => service.emit(actor, idOrName, events),
    connection: (idOrName) => service.connection(actor, idOrName),
    sweep: (input) => service.sweep(actor, input),
    me: () => Promise.resolve(identity.me(actor)),
    createToken: (wishes) => identity.createToken(actor, wishes),
    listTokens: (filter = {}) => identity.listTokens(actor, filter),
    revokeToken: (tokenId) => identity.revokeToken(actor, tokenId),
    grantGuild: (grant) => identity.grantGuild(actor, grant),
    listGrants: (filter = {}) => identity.listGrants(actor, filter),
    revokeGrant: (guildId, owner) => identity.revokeGrant(actor, guildId, owner),
    setOwnerRole: (owner, role) => identity.setOwnerRole(actor, owner, role),
    addTemplate: (wishes) => templates.add(actor, wishes),
    refreshTemplate: (name) => templates.refresh(actor, name),
    listTemplates: () => templates.list(actor),
    getTemplate: (name) => templates.get(actor, name),
    removeTemplate: (name) => templates.remove(actor, name),
    close,
    [Symbol.asyncDispose]: close,
  };
}
