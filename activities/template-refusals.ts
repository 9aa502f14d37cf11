/** Why a schema makes no template: each refusal names its objects. Pure. */
import type { SchemaReading, Statement } from '../catalogue/statement.js';
import { SandboxError } from '../domain/errors.js';

/** Objects that a message names; `details` has all of them. */
const NAMED = 5;

/**
 * @param isOurs the database holds the control plane, in its schema `public`
 * @throws SANDBOX_008 for a schema of a sandbox, of the server, or of the control plane
 */
export function refuseSource(schema: string, isOurs: boolean): void {
  const holdsUs = isOurs && schema === 'public';
  if (!holdsUs && !/^(sandbox_|pg_|bd_keeper_|information_schema$)/.test(schema)) return;
  const why = holdsUs
    ? 'in this database it holds the control plane'
    : 'it belongs to a sandbox, to the server or to the control plane';
  throw new SandboxError('SANDBOX_008', `schema ${schema} makes no template: ${why}`, {
    hint: 'Name another database in SANDBOX_TEMPLATE_SOURCE_URL of the worker, or use SQL files (`--from-sql`).',
  });
}

/** @throws SANDBOX_008 if an object cannot be carried */
export function refuseRefusals({ refusals }: SchemaReading, what: string): void {
  if (refusals.length === 0) return;
  const all = refusals.map(({ kind, name, reason }) => `${kind} ${name}: ${reason}`);
  throw new SandboxError('SANDBOX_008', `${what} cannot be copied: ${listed(all)}`, {
    details: { refusals },
    hint: 'Leave these objects out of the schema, or make the template from SQL files without them.',
  });
}

/** @throws SANDBOX_008 if the copy is not the same, object by object */
export function refuseDifferences(source: SchemaReading, copy: SchemaReading): void {
  const [before, after] = [source, copy].map(
    ({ statements }) => new Map(statements.map((one) => [keyOf(one), one])),
  );
  const missing = source.statements.filter((one) => !(after?.has(keyOf(one)) ?? false));
  const more = copy.statements.filter((one) => !(before?.has(keyOf(one)) ?? false));
  if (missing.length === 0 && more.length === 0) return;
  const names = [...new Set([...missing, ...more].map(({ kind, name }) => `${kind} ${name}`))];
  throw new SandboxError('SANDBOX_008', `the copy differs from the schema: ${listed(names)}`, {
    details: { missing, more },
    hint: 'Please report it. SQL files make a template without this comparison.',
  });
}

const keyOf = ({ kind, name, sql }: Statement): string => JSON.stringify([kind, name, sql]);

function listed(all: readonly string[]): string {
  const rest = all.length - NAMED;
  return [...all.slice(0, NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}
