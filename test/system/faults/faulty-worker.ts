/**
 * The product's worker with one fault: it kills itself (kill -9) before, inside or after a step.
 * `inside` is after the servers have committed and before the completion is recorded: only an
 * idempotent step survives that.
 */
import { Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { loadConfig } from '../../../platform/config.js';
import { delay } from '../../../platform/deadline.js';
import { runWorker } from '../../../workers/run-worker.js';
import type { Fault } from './steps.js';

const fault = JSON.parse(process.env.FAULT ?? 'null') as Fault | null;
/** Makes a repeated step fail for good: the negative control. */
const onceOnly = process.env.ONCE_ONLY ?? '';

let fired = false;

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

const interceptor: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      const step = Context.current().info.activityType;
      if (step === onceOnly) await refuseSecondTime();
      if (fault?.step !== step || fired) return next(input);
      fired = true;
      if (fault.moment === 'before') return die();
      if (fault.moment === 'stopped') {
        process.send?.({ at: step });
        // The message must leave first.
        await delay(20);
        process.kill(process.pid, 'SIGSTOP');
        return next(input);
      }
      if (fault.moment === 'server') {
        // The parent kills the server, and confirms it.
        const told = new Promise((resolve) => process.once('message', resolve));
        process.send?.({ at: step });
        await told;
        return next(input);
      }
      const outcome = await next(input);
      if (fault.moment === 'inside') return die();
      // Long enough to record the completion, and short enough to hit the next step.
      void delay(30).then(die);
      return outcome;
    },
  },
});

async function refuseSecondTime(): Promise<void> {
  const { existsSync, writeFileSync } = await import('node:fs');
  const { ApplicationFailure } = await import('@temporalio/common');
  const marker = process.env.ONCE_MARKER ?? '';
  if (existsSync(marker)) throw ApplicationFailure.nonRetryable('it exists already', 'SANDBOX_005');
  writeFileSync(marker, '');
}

await runWorker(loadConfig(process.env), { activityInterceptors: [interceptor] });
process.exit();
