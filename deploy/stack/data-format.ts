/** The version of the data directory's layout: a directory that this version cannot read is refused before a server starts. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SandboxError } from '../../domain/errors.js';
import { readJson, writeJson, type HomePaths } from './home.js';

/**
 * Raise it with each change after which today's programs cannot read what yesterday's wrote.
 * 1: NATS had one account by the name of CONTROL. 2: NATS' accounts have keys, and JetStream's folders their names.
 * 3: Postgres' migrations are squashed into files by subject.
 */
const DATA_FORMAT = 3;

const stored = z.object({ format: z.number().int().positive() });

/** @throws SANDBOX_008 naming the directory, its version and the way out; nothing is changed then */
export async function claimDataFormat({ data }: HomePaths): Promise<void> {
  const path = join(data, 'format.json');
  const parsed = stored.safeParse(await readJson(path));
  const format = parsed.success ? parsed.data.format : await formatBySigns(data);
  if (format !== DATA_FORMAT) {
    const age = format < DATA_FORMAT ? 'an earlier' : 'a later';
    const text = `${data} has the format ${format} of ${age} version; this version reads format ${DATA_FORMAT}`;
    throw new SandboxError('SANDBOX_008', text, {
      hint: 'Use the version that wrote it, set SANDBOX_HOME to another directory, or start afresh: `bd dev down --purge` removes the data.',
      details: { directory: data, format, readable: DATA_FORMAT },
    });
  }
  if (!parsed.success) await writeJson(path, { format: DATA_FORMAT });
}

/** Of a directory without a version, as all were before there was one. */
async function formatBySigns(data: string): Promise<number> {
  const accounts = await readdir(join(data, 'nats', 'jetstream')).catch((): string[] => []);
  return accounts.includes('CONTROL') ? 1 : DATA_FORMAT;
}
