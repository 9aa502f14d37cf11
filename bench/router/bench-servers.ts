/**
 * A nats-server for the benchmark, with its CPU time. A fixed table replaces Postgres and Redis.
 */
import { readFileSync } from 'node:fs';
import { startServers, type Servers } from '../../test/system/router/servers.js';

export interface BenchServers extends Servers {
  /** CPU seconds of nats-server. */
  natsCpu(): number;
}

const TICKS_PER_SECOND = 100;

export async function startBench(): Promise<BenchServers> {
  const servers = await startServers();
  return {
    ...servers,
    natsCpu() {
      // Fields 14 and 15 (utime, stime), counted after the name, which may contain spaces.
      const stat = readFileSync(`/proc/${servers.nats.pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
  };
}
