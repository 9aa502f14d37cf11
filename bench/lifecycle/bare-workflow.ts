/**
 * The baseline: the smallest workflow with a sandbox's DDL, started and awaited in the same way.
 */
import { condition, defineUpdate, proxyLocalActivities, setHandler } from '@temporalio/workflow';

export interface BareActivities {
  ddl(sandboxId: string): Promise<void>;
  drop(sandboxId: string): Promise<void>;
}

/** An end to the attempts: a benchmark prints a failure, and does not wait for ever. */
const { ddl, drop } = proxyLocalActivities<BareActivities>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '60s',
});

const bareReady = defineUpdate<string>('ready');
const bareEnd = defineUpdate<string>('end');

export async function bareWorkflow(sandboxId: string): Promise<void> {
  let made = false;
  let ending = false;
  let ended = false;
  setHandler(bareReady, async () => {
    await condition(() => made);
    return sandboxId;
  });
  setHandler(bareEnd, async () => {
    ending = true;
    await condition(() => ended);
    return sandboxId;
  });
  await ddl(sandboxId);
  made = true;
  await condition(() => ending, '1h');
  await drop(sandboxId);
  ended = true;
}
