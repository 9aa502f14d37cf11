/** The master secret of this process: from the environment, else the local stack's. It loads no schema: `bd --help` reads it too. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config.js';

export const masterKeyPath = (home: string): string => join(home, 'master.key');

/** The master secret, or null on a machine without it (`connect` then prints identifiers only). */
export function readMasterSecret(config: Config): string | null {
  if (config.masterSecret !== undefined) return config.masterSecret;
  try {
    const text = readFileSync(masterKeyPath(config.home), 'utf8').trim();
    // An empty file is half-written. Passwords derived from it would open nothing.
    return text === '' ? null : text;
  } catch {
    return null;
  }
}
