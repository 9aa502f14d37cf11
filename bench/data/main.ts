/**
 * `npm run bench -- data`: a template's instantiation beside the plain DDL, and the next create
 * beside TEMPLATED sandboxes with a template of 50 tables.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectControl } from '../../control/direct-control.js';
import { down, up } from '../../deploy/stack/index.js';
import { loadConfig } from '../../platform/config.js';
import { orRow } from '../failure.js';
import { compareNeighbours } from './neighbours.js';
import { compareTemplates } from './templates.js';

const TEMPLATED = Number(process.env.TEMPLATED ?? 1_000);

export async function benchData(): Promise<void> {
  if (!Number.isInteger(TEMPLATED) || TEMPLATED < 1)
    throw new Error('TEMPLATED must be a whole number above 0');
  const home = await mkdtemp(join(tmpdir(), 'sandbox-bench-'));
  const config = loadConfig({
    ...{ SANDBOX_HOME: home, SANDBOX_MAX_PER_OWNER: '100000' },
    ...{ SANDBOX_OWNER: 'bench', LOG_LEVEL: 'error' },
  });
  try {
    await up(config);
    await using client = openDirectControl(config);
    console.log(`${cpus().length} cores, Node ${process.version}`);
    await orRow('templates', () => compareTemplates({ config, client }));
    await orRow('neighbours', () => compareNeighbours({ config, client }, TEMPLATED));
  } finally {
    await down(config, { purge: true });
    await rm(home, { recursive: true, force: true });
  }
}
