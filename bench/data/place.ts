/** What the parts of `npm run bench -- data` share: a stack, and the work on one sandbox. */
import type { Control } from '../../domain/control.js';
import { parseSandboxId } from '../../domain/names.js';
import type { TemplateText } from '../../domain/template.js';
import type { Config } from '../../platform/config.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { runTemplate } from '../../resources/postgres/template.js';
import { cpuCells, cpuOf, type Cpu } from '../cpu.js';
import { newId } from '../lifecycle/ids.js';
import { timed } from '../statistics.js';
import { ddlOf } from './tables.js';

export interface Place {
  readonly config: Config;
  readonly client: Control;
}

/** Adds a template with so many tables, as `bd template add --from-sql` does. */
export async function addTemplate({ client }: Place, tables: number): Promise<TemplateText> {
  const name = `bench-${tables}`;
  await client.addTemplate({ name, files: [{ name: 'tables.sql', sql: ddlOf(tables) }] });
  return client.getTemplate(name);
}

export async function create({ client }: Place, template: string): Promise<string> {
  const sandboxId = newId();
  await client.create({ sandboxId, name: `n-${sandboxId}`, owner: 'bench', ttl: '24h', template });
  return sandboxId;
}

export async function destroy({ client }: Place, sandboxId: string): Promise<void> {
  await client.destroy(sandboxId);
  await client.waitUntilDestroyed(parseSandboxId(sandboxId));
}

async function loginOf({ client }: Place, sandboxId: string): Promise<URL> {
  const { environment } = await client.connection(sandboxId);
  return new URL(environment.DATABASE_URL ?? '');
}

/**
 * The baseline in a sandbox of the template `empty`: the SQL as one query, so as one transaction,
 * in a new session of the sandbox's role.
 */
export async function plainDdl(
  place: Place,
  sandboxId: string,
  tables: number,
): Promise<() => Promise<void>> {
  const { href } = await loginOf(place, sandboxId);
  const text = ddlOf(tables);
  return async () => {
    const sql = openPostgres(href, { name: 'bench', max: 1 });
    await sql.unsafe(text);
    await closePostgres(sql);
  };
}

/** The worker's own code for a template, in the same kind of sandbox and of session. */
export async function instantiation(
  place: Place,
  sandboxId: string,
  { text, extensions }: TemplateText,
): Promise<() => Promise<void>> {
  const { href, username, password } = await loginOf(place, sandboxId);
  const { schema } = await place.client.get(sandboxId);
  const login = { databaseUrl: href, role: username, password, schema };
  return () => runTemplate(login, { statements: text, extensions });
}

/** Milliseconds and CPU of each repetition of one kind of work. */
export class Samples {
  readonly millis: number[] = [];
  private readonly cpu: (readonly [Cpu, Cpu])[] = [];

  constructor(private readonly config: Config) {}

  /** Measures `work`, apart from what other kinds of work do before and after it. */
  async add<T>(work: () => Promise<T>): Promise<T> {
    const before = await cpuOf(this.config);
    let result: T | undefined;
    this.millis.push(await timed(async () => (result = await work())));
    this.cpu.push([before, await cpuOf(this.config)]);
    return result as T;
  }

  /** Cells for CPU_HEAD: CPU milliseconds of one. */
  cpuCells(): string[] {
    const spent = this.spent();
    const none = new Map([...spent.keys()].map((name) => [name, 0]));
    return cpuCells(none, spent, this.cpu.length);
  }

  /** CPU of all repetitions together, by process. */
  private spent(): Cpu {
    const sums = new Map<string, number>();
    for (const [before, after] of this.cpu)
      for (const [name, millis] of after)
        sums.set(name, (sums.get(name) ?? 0) + millis - (before.get(name) ?? 0));
    return sums;
  }
}
