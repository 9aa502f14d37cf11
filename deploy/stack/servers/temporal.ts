/** Temporal of the local stack: the dev server of its CLI on a SQLite file, with the Web UI. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../../domain/search-attributes.js';
import { BINARIES } from '../binaries.js';
import { makeDirectory } from '../home.js';
import { findBinary } from '../install/binary.js';
import type { ServerContext } from '../server-context.js';
import { SERVER_DEFAULTS, type Service } from '../service.js';

const TYPE_NAME = {
  KEYWORD: 'Keyword',
  KEYWORD_LIST: 'KeywordList',
  DATETIME: 'Datetime',
} as const;

type Flag = readonly [name: string, value: string];

// The default holds its one shard to a step every 50 ms after a burst of five creates.
const ALWAYS: Flag = ['dynamic-config-value', 'history.transferProcessorMaxPollRPS=1000'];

const OF_THE_PRODUCT: readonly Flag[] = [
  // Each of its four services reads all namespaces so often. The default, 2 s, is half of what an
  // idle server costs: 4.7 ms of CPU a second, against 2.2 without these reads.
  ['dynamic-config-value', 'system.namespaceCacheRefreshInterval="10s"'],
  // Attributes made later are part of a namespace, so they are known only after such a read.
  ...Object.entries(SEARCH_ATTRIBUTES).map(
    ([name, type]) => ['search-attribute', `${name}=${TYPE_NAME[type]}`] as const,
  ),
];

/** @param options.bare a server that does not know the product, for tests of `migrate` */
export async function temporalService(
  context: Pick<ServerContext, 'config' | 'ports' | 'data' | 'env' | 'search'>,
  { bare = false } = {},
): Promise<Service> {
  const { ports, data, env, search } = context;
  const { namespace } = context.config;
  const { path } = await findBinary(BINARIES.temporal, search);
  return {
    ...SERVER_DEFAULTS,
    name: 'temporal',
    // SQLite's log survives it, and no other process has the file open when the next server starts.
    deathSignal: 'SIGKILL',
    address: () => `127.0.0.1:${ports.of('temporal')}`,
    metrics: () => `http://127.0.0.1:${ports.of('temporalMetrics')}/metrics`,
    async launch() {
      await makeDirectory(data, 0o700);
      const options = {
        ip: '127.0.0.1',
        port: ports.of('temporal'),
        'ui-port': ports.of('temporalUi'),
        'http-port': ports.of('temporalHttp'),
        'metrics-port': ports.of('temporalMetrics'),
        'db-filename': join(data, 'temporal.db'),
        'sqlite-pragma': 'journal_mode=wal',
        'log-level': 'warn',
        ...(namespace === 'default' ? {} : { namespace }),
      };
      const repeated = [ALWAYS, ...(bare ? [] : OF_THE_PRODUCT)];
      const args = [...Object.entries(options), ...repeated].flatMap(([name, value]) => [
        `--${name}`,
        String(value),
      ]);
      return {
        command: path,
        args: ['server', 'start-dev', '--ui-disable-news-fetch', ...args],
        env: { ...env, TEMPORAL_VERSION_CHECK_DISABLED: '1' },
      };
    },
    async probe() {
      // Its HTTP API asks the same frontend as gRPC does, without the 320 ms that importing the client costs.
      const url = `http://127.0.0.1:${ports.of('temporalHttp')}/api/v1/namespaces/${encodeURIComponent(namespace)}`;
      const response = await fetch(url, { signal: AbortSignal.timeout(1_500) });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`namespace ${namespace}: HTTP ${response.status}`);
      const socket = connect(ports.of('temporal'), '127.0.0.1');
      const connected = once(socket, 'connect', { signal: AbortSignal.timeout(1_500) });
      await connected.finally(() => socket.destroy());
    },
  };
}
