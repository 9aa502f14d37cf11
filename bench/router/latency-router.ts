/** A router for `latency.ts`: runs until the parent asks for its memory. */
import { once } from 'node:events';
import { connect } from 'nats';
import { startBenchRouter } from './bench-router.js';

const url = process.env.NATS_URL ?? '';
const router = await startBenchRouter(
  await connect({ servers: url }),
  url,
  process.argv[2] === 'plain' ? 'plain' : 'fast',
);
process.send?.('ready');
await once(process, 'message');
process.send?.(process.memoryUsage.rss() / 1_048_576);
await router.stop();
process.exit();
