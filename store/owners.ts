/** Owners' roles: what an owner's tokens may do is cut by the role at each use. */
import type { Actor, Role } from '../domain/actor.js';
import type { Owner } from '../domain/names.js';
import { inDatabase, type Database } from './database.js';

/** `developer` for an owner that nobody has given a role. */
export async function roleOf({ sql }: Database, owner: Owner): Promise<Role> {
  const [row] = await inDatabase(
    () => sql<{ role: Role }[]>`SELECT role FROM public.sandbox_owners WHERE owner = ${owner}`,
  );
  return row?.role ?? 'developer';
}

/** With its audit; the same role again changes nothing. */
export async function setOwnerRole(
  { sql }: Database,
  owner: Owner,
  role: Role,
  actor: Actor,
): Promise<void> {
  await inDatabase(
    () => sql`
      SELECT public.set_owner_role(${owner}, ${role}, ${JSON.stringify(actor)}::text::jsonb)`,
  );
}
