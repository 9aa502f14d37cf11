/**
 * `npm run bench [-- lifecycle|churn|idle|scale|data|router|api]`: all benchmarks or one. Each
 * prints baseline, ours and the ratio.
 */
import { orRow, printFailure } from './failure.js';

const BENCHMARKS: Readonly<Record<string, () => Promise<void>>> = {
  lifecycle: async () => (await import('./lifecycle/main.js')).benchLifecycle(),
  churn: async () => (await import('./lifecycle/churn.js')).benchChurn(),
  idle: async () => (await import('./idle.js')).benchIdle(),
  scale: async () => (await import('./lifecycle/scale.js')).benchScale(),
  data: async () => (await import('./data/main.js')).benchData(),
  router: async () => (await import('./router/main.js')).benchRouter(),
  api: async () => (await import('./api/main.js')).benchApi(),
};

// From work of a benchmark that no longer waits for it, because another part has failed.
const onFault = (error: unknown): void => {
  printFailure('beside it', error);
};
process.on('unhandledRejection', onFault).on('uncaughtException', onFault);

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => BENCHMARKS[name] === undefined);
if (unknown.length > 0) {
  const known = Object.keys(BENCHMARKS).join(', ');
  console.error(`no benchmark is called ${unknown.join(', ')}; there are ${known}`);
  process.exit(2);
}
for (const [name, run] of Object.entries(BENCHMARKS))
  if (wanted.length === 0 || wanted.includes(name)) await orRow(name, run);
process.exit();
