/** What an answer that a server carries too far would touch: the streams, their consumers, and who listens elsewhere. */
import type { NatsConnection } from 'nats';
import type { Field } from './field.js';

export interface Trap {
  /** The same before and after, where nothing was touched. */
  touched(): Promise<unknown>;
  /** Subjects of what reached the control account or the victim. */
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
      // What a request carried into the API would have made, removed or taken.
      const names: string[] = [];
      for await (const { name } of jsm.consumers.list('ROUTED')) names.push(name);
      for await (const name of jsm.streams.names()) names.push(name);
      const { ack_floor } = await jsm.consumers.info('ROUTED', `sb_${victim.id}`);
      return { lastSequence: state.last_seq, forged, names: names.sort(), ack_floor };
    },
  };
}
