/** What each of the four servers is made from. */
import type { Config } from '../../platform/config.js';
import type { HomePaths } from './home.js';
import type { SearchOptions } from './install/binary.js';
import type { Ports } from './ports.js';
import type { Credentials } from './secrets.js';
import type { OnProgress } from './service.js';

/** What they share. */
export interface StackContext {
  readonly config: Pick<Config, 'namespace'>;
  readonly paths: Pick<HomePaths, 'data' | 'run'>;
  readonly ports: Pick<Ports, 'of'>;
  readonly credentials: Credentials;
  readonly env: Readonly<Record<string, string>>;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

export interface ServerContext extends StackContext {
  /** Its own directory. */
  readonly data: string;
  /** Its own environment: next to nothing of the caller's. */
  readonly env: Readonly<Record<string, string>>;
  /** For its program. */
  readonly search: SearchOptions;
}
