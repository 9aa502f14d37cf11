/** A server of the run's stack that stands still: it keeps its connections and answers nothing. */
import { onTestFinished } from 'vitest';
import { signalService, type ServiceName } from '../../deploy/stack/index.js';
import { stackConfig } from './stack.js';

/** Until the function that it gives is called, or the test ends. */
export async function freeze(server: ServiceName): Promise<() => Promise<void>> {
  const thaw = async (): Promise<void> => {
    await signalService(stackConfig(), server, 'SIGCONT');
  };
  await signalService(stackConfig(), server, 'SIGSTOP');
  onTestFinished(thaw);
  return thaw;
}
