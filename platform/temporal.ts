/** Connections to Temporal. Importing this costs some 300 ms: the CLI does so only for commands that need it. */
import { Client, Connection } from '@temporalio/client';
import { temporalAddress } from './addresses/temporal.js';
import { withDeadline } from './deadline.js';
import { temporalFailure } from './temporal-refusal.js';
import { temporalSecurity, type TemporalVariables } from './temporal-security.js';
import { cannotUse } from './unreachable.js';

export interface TemporalClient {
  readonly client: Client;
  readonly connection: Connection;
  close(): Promise<void>;
}

const HINT =
  'Check TEMPORAL_ADDRESS, and the certificates and the key that TEMPORAL_… variables name.';

/**
 * @param variables `temporalSecurity` of the configuration; none: in clear, as the local stack has it
 * @throws SANDBOX_009 within 5 s; SANDBOX_008 for certificates that are none
 */
export async function openTemporal(
  address: string,
  namespace: string,
  variables: TemporalVariables = {},
): Promise<TemporalClient> {
  const security = temporalSecurity(variables);
  const place = temporalAddress(address);
  try {
    const connection = await withDeadline(
      Connection.connect({ address: place, connectTimeout: '4s', ...security }),
      4_500,
      'Temporal',
    );
    return {
      connection,
      client: new Client({ connection, namespace }),
      close: () => connection.close(),
    };
  } catch (error) {
    throw cannotUse(
      'temporal',
      await temporalFailure(error, place, security),
      security.tls === undefined ? undefined : HINT,
    );
  }
}
