/** What a status says where no supervisor can be asked. */
import type { Config } from '../../platform/config.js';
import { givenFor } from './addresses.js';
import { foreignProcess, foreignServer } from './foreign.js';
import type { LockHolder } from './lock.js';
import { idle, PROCESS_NAMES, SERVER_NAMES, SERVICE_NAMES, type ServiceStatus } from './service.js';

/** No stack runs: its own services are stopped, and those of somebody else are asked. */
export function stoppedStatus(config: Config): Promise<ServiceStatus[]> {
  return Promise.all([
    ...SERVER_NAMES.map(async (name) => {
      const given = givenFor(config, name);
      return given === undefined ? idle(name, 'stopped') : foreignServer(name, given, config);
    }),
    ...PROCESS_NAMES.map((name) => foreignProcess(name, config)),
  ]);
}

/** A supervisor lives and does not answer: nobody knows what its services do. */
export const silentStatus = ({ pid }: LockHolder): ServiceStatus[] =>
  SERVICE_NAMES.map((name) =>
    idle(name, 'failed', `process ${pid}, which runs it, does not answer`),
  );
