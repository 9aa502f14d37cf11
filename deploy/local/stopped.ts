/** What a status says where no supervisor can be asked. */
import type { Config } from '../../platform/config.js';
import { displayAddress } from '../../platform/addresses/login.js';
import { givenFor } from './addresses.js';
import { isBuilt } from './processes.js';
import {
  PROCESS_NAMES,
  SERVER_NAMES,
  type ServiceName,
  type ServiceState,
  type ServiceStatus,
} from './service.js';

export function idle(
  name: ServiceName,
  state: ServiceState,
  address: string | null = null,
): ServiceStatus {
  return { name, pid: null, address, metrics: null, state };
}

export function stoppedStatus(config: Config): ServiceStatus[] {
  const servers = SERVER_NAMES.map((name) => {
    const given = givenFor(config, name);
    return given === undefined
      ? idle(name, 'stopped')
      : idle(name, 'external', displayAddress(given));
  });
  const processes = PROCESS_NAMES.map((name) => idle(name, isBuilt(name) ? 'stopped' : 'absent'));
  return [...servers, ...processes];
}
