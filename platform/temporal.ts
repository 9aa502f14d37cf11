/** Connections to Temporal. Importing this costs some 300 ms: the CLI does so only for commands that need it. */
import { Client, Connection } from '@temporalio/client';
import { unreachable } from '../domain/errors.js';
import { withDeadline } from './deadline.js';

export interface TemporalClient {
  readonly client: Client;
  readonly connection: Connection;
  close(): Promise<void>;
}

/** @throws SANDBOX_009 within 5 s */
export async function openTemporal(address: string, namespace: string): Promise<TemporalClient> {
  try {
    const connection = await withDeadline(
      Connection.connect({ address, connectTimeout: '4s' }),
      4_500,
      'Temporal',
    );
    return {
      connection,
      client: new Client({ connection, namespace }),
      close: () => connection.close(),
    };
  } catch (error) {
    throw unreachable('Temporal', error);
  }
}
