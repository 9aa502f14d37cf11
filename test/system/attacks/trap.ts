/**
 * Watches for effects of an answer that leaves its account: on streams, on consumers, and on
 * listeners elsewhere.
 */
import type { NatsConnection } from 'nats';
import type { Field } from './field.js';

export interface Trap {
  /** Stays equal if nothing was changed. */
  touched(): Promise<unknown>;
  /** Subjects of messages that reached the control account or the victim. */
  readonly heard: readonly string[];
}

const FORGED = ['*.forged', '*.*.*.forged', '*.raw.forged', '$KV.ROUTERS.forged', '*.*.*.*.forged'];

export async function setTrap(admin: NatsConnection, field: Field): Promise<Trap> {
  const { victim, victimNats } = field;
  const jsm = await admin.jetstreamManager();
  const heard: string[] = [];
  const listen = (subject: string, connection: NatsConnection) =>
    connection.subscribe(subject, {
      callback: (_, message) => {
        heard.push(message.subject);
      },
    });
  for (const subject of [`_INBOX_${victim.id}.>`, `sandbox.${victim.id}.app.>`])
    listen(subject, victimNats);
  for (const subject of FORGED) listen(subject, admin);
  await Promise.all([admin.flush(), victimNats.flush()]);
  return {
    heard,
    async touched() {
      const { state } = await jsm.streams.info('ROUTED', { subjects_filter: '>' });
      const forged = Object.keys(state.subjects ?? {}).filter(
        (subject) => subject.includes('forged') || subject === `sandbox.${victim.id}.>`,
      );
      // A request that reached the API would create, remove or consume one of these.
      const names: string[] = [];
      for await (const { name } of jsm.consumers.list('ROUTED')) names.push(name);
      for await (const name of jsm.streams.names()) names.push(name);
      const { ack_floor } = await jsm.consumers.info('ROUTED', `sb_${victim.id}`);
      return { lastSequence: state.last_seq, forged, names: names.sort(), ack_floor };
    },
  };
}
