/** Tokens and identities as the API has them: with the role that its processes have in Postgres. */
import { onTestFinished } from 'vitest';
import { Authenticator } from '../../control/authentication.js';
import { IdentityService } from '../../control/identity-service.js';
import { SandboxService } from '../../control/sandbox-service.js';
import { directActor, type Actor, type Scope } from '../../domain/actor.js';
import type { CreatedToken, CreateTokenOptions } from '../../domain/identity.js';
import { openDatabase, type Database } from '../../store/database.js';
import { stackConfig, stackState } from './stack.js';

export interface Services {
  readonly sandboxes: SandboxService;
  readonly identity: IdentityService;
}

/** With the rights of bd_api; closed when the test ends. */
export function openServices(env: Record<string, string> = {}): Services {
  const sandboxes = new SandboxService(stackConfig(env), { role: 'api' });
  onTestFinished(() => sandboxes.close());
  return { sandboxes, identity: new IdentityService(sandboxes.connections) };
}

export function openApiDatabase(url = stackState().urls.api.database): Database {
  const database = openDatabase(url, { name: 'test', max: 4 });
  onTestFinished(() => database.close());
  return database;
}

export async function openAuthenticator(database = openApiDatabase()): Promise<Authenticator> {
  const authenticator = new Authenticator(database);
  onTestFinished(() => {
    authenticator.close();
  });
  await authenticator.start();
  return authenticator;
}

export const ROOT: Actor = directActor('root');

/** As an operator makes it. */
export const tokenFor = (
  { identity }: Services,
  owner: string,
  scopes: readonly Scope[],
  more: Partial<CreateTokenOptions> = {},
): Promise<CreatedToken> => identity.createToken(ROOT, { owner, scopes, ...more });
