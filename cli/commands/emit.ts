/** `bd sandbox emit`: publishes events of the catalogue for one sandbox. */
import type { CorpusEvent } from '../../fixtures/events/index.js';
import type { EventToEmit } from '../../domain/events.js';
import { withFreshIds } from '../../discord/fresh-ids.js';
import { Snowflakes } from '../../discord/snowflake.js';
import { parseGuildId } from '../../domain/guild.js';
import { JSON_OPTION, type Command, type CommandContext } from '../command.js';
import { override } from '../emit/override.js';
import { print, printJson, usage } from '../io.js';
import { nearest } from '../nearest.js';
import { withProgress } from '../progress.js';
import { table } from '../table.js';
import { wholeNumber } from '../whole-number.js';

/** The payload's guild if neither --guild nor the sandbox names one (docs/sandbox-guide.md). */
const SOME_GUILD = '1000000000000000001';
const OTHER = { otherGuild: '1000000000000000002', user: '1000000000000000003' };
const CHANNEL = '1000000000000000004';
const MAX_COUNT = 999_999;

export const emitCommand: Command = {
  name: 'emit',
  args: '[event]',
  summary: 'Publish a Discord event of the catalogue to one sandbox',
  options: [
    { flags: '--list', description: 'List the events of the catalogue' },
    { flags: '--to <sandbox>', description: 'The sandbox; no other sandbox gets the event' },
    {
      flags: '--guild <id>',
      description: "The guild in its payload (default: the sandbox's first guild)",
    },
    {
      flags: '--set <path=value>',
      description: 'Set a field, such as content=hello or author.bot=true; may be repeated',
      repeats: true,
    },
    {
      flags: '--count <n>',
      description: 'Number of copies, each with ids of its own (default 1)',
    },
    JSON_OPTION,
  ],
  examples: [
    'bd sandbox emit message-create --to my-fix --set content=hello',
    'bd sandbox emit --list',
  ],

  async run(context) {
    const { io, input } = context;
    const { corpus } = await import('../../fixtures/events/index.js');
    const eventIn = (guild: string): CorpusEvent =>
      find(corpus({ guild, channel: CHANNEL, ...OTHER }), input.args[0]);
    if (input.flag('list'))
      return list(context, corpus({ guild: SOME_GUILD, channel: CHANNEL, ...OTHER }));
    const count = wholeNumber('--count', input.text('count'), MAX_COUNT) ?? 1;
    const settings = input.texts('set');
    // Before any request: a wrong field is wrong for every guild.
    override(eventIn(SOME_GUILD).payload, settings);
    const { sandboxId, name, guildId, emit } = await target(context);
    const { family, type } = partsOf(eventIn(guildId).subject);
    const { payload } = eventIn(guildId);
    const snowflakes = new Snowflakes(Date.now, Math.random);
    let last = payload;
    function* events(): Generator<EventToEmit> {
      for (let i = 0; i < count; i += 1) {
        last = override(withFreshIds(payload, snowflakes), settings);
        yield { family, type, payload: last };
      }
    }
    const sequences = await withProgress(io, 'publishing', () => emit(events()));
    const event = eventIn(guildId).name;
    if (input.flag('json')) {
      const outcome = { event, family, type, sandboxId, guildId, sequences };
      return printJson(io, { ...outcome, payload: last });
    }
    const times = count === 1 ? '' : ` ${count} times`;
    const place = `${count === 1 ? '' : 'the last '}#${sequences.at(-1) ?? 0} of RAW`;
    await print(io, `${event} published${times} for ${name}, in guild ${guildId}: ${place}`);
  },
};

async function list({ io, input }: CommandContext, events: readonly CorpusEvent[]): Promise<void> {
  const fields = events.map(({ name, subject, expected }) => ({
    name,
    ...partsOf(subject),
    goesTo: expected.kind === 'dlq' ? 'dlq' : 'sandbox',
  }));
  if (input.flag('json')) return printJson(io, fields);
  const rows = fields.map(({ name, family, type, goesTo }) => [name, family, type, goesTo]);
  await print(io, await table(io, ['Event', 'Family', 'Type', 'Goes to'], rows));
}

/** The subject in RAW without the addressee: `events.raw.MESSAGE_CREATE`. */
function partsOf(subject: string): { family: 'events' | 'commands'; type: string } {
  const [family, , ...type] = subject.split('.');
  return { family: family === 'commands' ? 'commands' : 'events', type: type.join('.') };
}

/** @throws SANDBOX_008 if no sandbox is named */
async function target({ input, client }: CommandContext) {
  const ref = input.text('to');
  const given = input.text('guild');
  const guild = given === undefined ? undefined : parseGuildId(given);
  if (ref === undefined) {
    throw usage('emit: name the sandbox that gets the event', 'Add --to <sandbox>.');
  }
  const service = await client();
  const { id, name, guildIds } = await service.get(ref);
  return {
    sandboxId: id,
    name,
    guildId: guild ?? guildIds[0] ?? SOME_GUILD,
    emit: (events: Iterable<EventToEmit>) => service.emit(id, events),
  };
}

/** Finds an event by its name, or by Discord's type: `MESSAGE_CREATE`. */
function find(events: readonly CorpusEvent[], name: string | undefined): CorpusEvent {
  const hint = '`bd sandbox emit --list` shows the catalogue.';
  if (name === undefined) throw usage('emit: name an event', hint);
  const found =
    events.find((event) => event.name === name) ??
    events.find((event) => event.subject.endsWith(`.raw.${name}`));
  if (found !== undefined) return found;
  const near = nearest(
    name,
    events.map((event) => event.name),
  );
  throw usage(
    `no event ${JSON.stringify(name.slice(0, 60))} is in the catalogue`,
    near === null ? hint : `Did you mean ${near}? ${hint}`,
  );
}
