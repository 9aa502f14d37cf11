// Prints each event of the sandbox, publishes a message about it, and acknowledges it.
import { connect } from 'nats';

const { NATS_URL, NATS_INBOX_PREFIX, NATS_API_PREFIX, NATS_STREAM, NATS_CONSUMER } = process.env;
const { protocol, host, username, password } = new URL(NATS_URL);

const nc = await connect({
  // nats.js takes no login from the address.
  servers: `${protocol}//${host}`,
  user: decodeURIComponent(username),
  pass: decodeURIComponent(password),
  inboxPrefix: NATS_INBOX_PREFIX,
  // By default the client stops after ten attempts or two refusals. Then a restart of NATS would
  // end the bot.
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true,
});
const js = nc.jetstream({ apiPrefix: NATS_API_PREFIX });
const consumer = await js.consumers.get(NATS_STREAM, NATS_CONSUMER);
// A few at a time: each must be acknowledged within 30 s.
const messages = await consumer.consume({ max_messages: 10 });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => messages.stop());
console.log('listening');

for await (const message of messages) {
  const { t: type, d: event } = message.json();
  console.log(type, event?.content ?? '');
  nc.publish(`${process.env.SANDBOX_NATS_PREFIX}app.seen`, JSON.stringify({ type }));
  message.ack();
}
await nc.drain();
