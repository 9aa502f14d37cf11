/** The local stack, for the CLI, the tests and the demo: start it, ask it, stop it. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../../domain/errors.js';
import type { Config } from '../../platform/config.js';
import { delay } from '../../platform/deadline.js';
import { isDiskFull } from '../../platform/private-file.js';
import {
  addressesFor,
  readStackFile,
  stackFilePath,
  type StackState,
} from '../../platform/stack-file.js';
import { externalServers, withoutOwnAddresses } from './addresses.js';
import { upInBackground } from './background.js';
import { ask, type StackStatus } from './control.js';
import { configEnvironment } from './environment.js';
import { stoppedStatus } from './foreign.js';
import { homePaths, purgeHome, unusableHome } from './home.js';
import { endLeftovers, hasEnded, signalProcess } from './identity.js';
import { readLock, takeLock, type Lock, type LockHolder } from './lock.js';
import { credentialsFileName, type CredentialFileUser } from './nats-operator.js';
import { Ports } from './ports.js';
import {
  idle,
  SERVER_NAMES,
  SERVICE_NAMES,
  type OnProgress,
  type ServiceName,
  type ServiceStatus,
} from './service.js';
import { Supervisor } from './supervisor.js';

export { SERVER_NAMES, SERVICE_NAMES } from './service.js';
export type { OnProgress, Progress, ServiceName, ServiceState, ServiceStatus } from './service.js';

export interface UpOptions {
  /** Run it in this process; the promise then resolves when the stack has ended. */
  readonly foreground?: boolean;
  readonly onProgress?: OnProgress;
  /** Start these only; without worker and router nothing is migrated. */
  readonly only?: readonly ServiceName[];
  /** More environment for the stack's processes, beyond ours and what `config` says. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts the stack, or finds it running. Everything answers when it resolves (in the foreground: has ended).
 * @throws SANDBOX_007 in the foreground where it runs already; SANDBOX_008 for an unusable home; SANDBOX_009 naming
 * what did not start: nothing is left running then
 */
export async function up(given: Config, options: UpOptions = {}): Promise<StackState> {
  const config = await ownDropped(given);
  const { foreground = false, onProgress = () => undefined, only } = options;
  const env = configEnvironment(config, { ...process.env, ...options.env });
  const whole = { config, env, only, onProgress };
  if (!foreground) return upInBackground(whole);
  return new Supervisor(whole).run(() => {
    onProgress({ service: 'stack', text: 'Ctrl-C stops it' });
  });
}

export interface DownOptions {
  /** Remove the stack's data, passwords and logs as well. */
  readonly purge?: boolean;
}

/** A stop has to wait for the worker's grace and for Postgres' checkpoint. */
const DOWN_MS = 60_000;
const LAST_BREATH_MS = 2_000;

/** Returns once no process of the stack is left; does nothing where none runs. @throws SANDBOX_008 for an unusable home */
export async function down(config: Config, { purge = false }: DownOptions = {}): Promise<void> {
  const paths = homePaths(config.home);
  if (!existsSync(paths.home)) return;
  for (;;) {
    // Held meanwhile, so that the clean-up meets no stack that is just starting.
    const taken = await takeLock(paths.lock, { controlPort: 0, token: '' }).catch(
      (error: unknown): { lock: Lock } => {
        // A full disk gives nobody the lock, and a purge makes room on it.
        if (isDiskFull(error)) return { lock: { release: () => Promise.resolve() } };
        throw unusableHome(config.home, error);
      },
    );
    if ('holder' in taken) {
      await stopHolder(paths.lock, taken.holder);
      continue;
    }
    try {
      await endLeftovers(paths.children);
      await rm(stackFilePath(config.home), { force: true });
      if (purge) await purgeHome(config.home);
    } finally {
      await taken.lock.release();
    }
    return;
  }
}

/** Whether a purge would remove data of servers. */
export const holdsData = ({ home }: Config): boolean =>
  SERVER_NAMES.some((name) => existsSync(join(homePaths(home).data, name)));

async function stopHolder(lockPath: string, holder: LockHolder): Promise<void> {
  // One that does not answer is asked by signal; its children end with it or are ended as leftovers.
  await ask(holder, 'down').catch(() => {
    signalProcess(holder, 'SIGTERM');
    signalProcess(holder, 'SIGCONT');
  });
  const holds = async (): Promise<boolean> => (await readLock(lockPath))?.nonce === holder.nonce;
  const deadline = Date.now() + DOWN_MS;
  while (await holds()) {
    if (Date.now() > deadline) signalProcess(holder, 'SIGKILL');
    await delay(20);
  }
  // It has let go of everything: its process ends by itself, unless it is ours or does something else as well.
  if (holder.pid !== process.pid) await hasEnded(holder, LAST_BREATH_MS);
}

/** One entry for each service, whether or not a stack runs, and what is wrong with the stack as a whole. */
export async function wholeStatus(given: Config): Promise<Omit<StackStatus, 'phase'>> {
  const config = await ownDropped(given);
  const { lock } = homePaths(config.home);
  const holder = await readLock(lock);
  const live = holder === null ? null : await ask(holder, 'status').catch(() => null);
  if (live !== null) return live;
  const still = holder === null ? null : await readLock(lock);
  if (still === null) return { services: await stoppedStatus(config), troubles: [] };
  // A supervisor lives and does not answer: nobody knows what its services do.
  const detail = `process ${still.pid}, which runs it, does not answer`;
  return { services: SERVICE_NAMES.map((name) => idle(name, 'failed', detail)), troubles: [] };
}

export const status = async (config: Config): Promise<readonly ServiceStatus[]> =>
  (await wholeStatus(config)).services;

const ownDropped = async (config: Config): Promise<Config> =>
  withoutOwnAddresses(config, await Ports.load(homePaths(config.home).ports));

/** @throws SANDBOX_009 where no stack runs, SANDBOX_008 for an unknown name */
export async function restart(config: Config, name: string): Promise<void> {
  await ask(await owner(config), 'restart', { name });
}

/** Sends a signal to a service's process and returns its pid; what it kills the supervisor brings back. */
export async function signalService(
  config: Config,
  name: string,
  signal: NodeJS.Signals,
): Promise<number> {
  return (await ask(await owner(config), 'signal', { name, signal })).pid;
}

async function owner(config: Config): Promise<LockHolder> {
  const holder = await readLock(homePaths(config.home).lock);
  if (holder !== null) return holder;
  throw new SandboxError('SANDBOX_009', `no local stack runs in ${config.home}`, {
    hint: 'Start it with `bd dev up`.',
  });
}

/** The servers' addresses with the administrator's rights. @throws SANDBOX_009 where there is none */
export async function adminEnv(environment: Config): Promise<Record<string, string>> {
  const config = await ownDropped(environment);
  // A stack that was killed has left its file behind, with addresses that nobody listens at.
  if (externalServers(config).length < SERVER_NAMES.length) await owner(config);
  const { given, home } = config;
  const { temporal, database, redis, nats } = addressesFor(config, 'admin');
  const stack = readStackFile(home);
  const uiUrl = given.temporal === undefined ? stack?.temporal.uiUrl : undefined;
  const apiUrl = stack?.apiUrl;
  const credentials = (user: CredentialFileUser): string =>
    join(homePaths(home).run, credentialsFileName(user));
  return {
    TEMPORAL_ADDRESS: temporal,
    ...(uiUrl === undefined || uiUrl === null ? {} : { TEMPORAL_UI_URL: uiUrl }),
    DATABASE_URL: database,
    REDIS_URL: redis,
    NATS_URL: nats,
    ...(apiUrl === undefined ? {} : { SANDBOX_API_URL: apiUrl }),
    // For clients that take no token from an address; the `nats` command reads the first.
    ...(given.nats === undefined
      ? { NATS_CREDS: credentials('admin'), SANDBOX_INGEST_CREDS: credentials('ingest') }
      : {}),
  };
}
