/**
 * A small bot. It counts each member's messages in `profiles`, keeps the last event's time in
 * Redis, and publishes newcomers on `sandbox.<id>.app.greeting`. Run `bd sandbox exec <sandbox> --
 * node dist/examples/bot/main.js`, or add `--production` in production's environment.
 */
import { openContext, type SandboxContext } from '../../index.js';

interface MessageCreate {
  readonly d?: { readonly guild_id?: string; readonly author?: { readonly id?: string } };
}

/** Counts one event. Only an event that arrives twice (a crash before its ack) is counted twice. */
async function handle(context: SandboxContext, subject: string, event: MessageCreate) {
  await context.redis.set('last-event', subject);
  const { guild_id: guild, author } = event.d ?? {};
  if (guild === undefined || author?.id === undefined) return;
  const member = author.id;
  const isNew = await context.withSchema(async (sql) => {
    await sql`INSERT INTO communities (name, discord_guild_id) VALUES (${`guild ${guild}`}, ${guild})
      ON CONFLICT (discord_guild_id) DO NOTHING`;
    const [row] = await sql<{ activity_score: number }[]>`
      INSERT INTO profiles (community_id, discord_id, activity_score)
      SELECT id, ${member}, 1 FROM communities WHERE discord_guild_id = ${guild}
      ON CONFLICT (community_id, discord_id)
        DO UPDATE SET activity_score = profiles.activity_score + 1, updated_at = now()
      RETURNING activity_score`;
    return row?.activity_score === 1;
  });
  if (isNew) context.publish('greeting', JSON.stringify({ guild, member }));
}

async function main(): Promise<void> {
  const production = process.argv.includes('--production');
  await using context = await openContext(process.env, { production });
  const consumer = await context.consumer();
  // A few at a time: each must be acknowledged within 30 s.
  const messages = await consumer.consume({ max_messages: 10 });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => messages.stop());
  console.log(`bot of ${context.sandboxId ?? 'production'} is listening`);
  for await (const message of messages) {
    await handle(context, message.subject, message.json<MessageCreate>());
    message.ack();
  }
}

await main();
process.exit();
