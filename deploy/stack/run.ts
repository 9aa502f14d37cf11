/** Runs a supervisor in this process until a signal, a `down`, or a failed start ends it. */
import type { StackState } from '../../platform/stack-file.js';
import { Supervisor, type SupervisorOptions } from './supervisor.js';

/** SIGHUP: the terminal was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Run {
  readonly started: Promise<StackState>;
  /** Every child has ended. */
  readonly stopped: Promise<void>;
  stop(): Promise<void>;
}

export function runSupervisor(options: SupervisorOptions): Run {
  const supervisor = new Supervisor(options);
  // npx delivers Ctrl-C twice, and people press it again: a stop that has begun is never cut short,
  // since each of its steps has a limit of its own.
  const onSignal = (signal: NodeJS.Signals): void => {
    options.onProgress({ service: 'stack', text: `${signal}, stopping` });
    supervisor.down();
  };
  // The services are processes of their own and go on: a fault here is reported, and no reason to stop them.
  const onFault = (error: unknown): void => {
    supervisor.fault(error);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('uncaughtException', onFault).on('unhandledRejection', onFault);
  const stopped = supervisor.ended.finally(() => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('uncaughtException', onFault).off('unhandledRejection', onFault);
  });
  const stop = async (): Promise<void> => {
    supervisor.down();
    await stopped;
  };
  return { started: supervisor.start(), stopped, stop };
}
