/** Freezes a server of the run's stack: it keeps its connections and answers nothing. */
import { onTestFinished } from 'vitest';
import { signalService, type ServiceName } from '../../deploy/stack/index.js';
import { stackConfig } from './stack.js';

/** Lasts until the returned function is called, or until the test ends. */
export async function freeze(server: ServiceName): Promise<() => Promise<void>> {
  const thaw = async (): Promise<void> => {
    await signalService(stackConfig(), server, 'SIGCONT');
  };
  await signalService(stackConfig(), server, 'SIGSTOP');
  onTestFinished(thaw);
  return thaw;
}
