/** `bd sandbox emit`: publishes an event of the catalogue into RAW, as an ingestor of Discord would. */
import type { CorpusEvent } from '../../fixtures/events/index.js';
import { SandboxError } from '../../domain/errors.js';
import { parseGuildId } from '../../domain/guild.js';
import { JSON_OPTION, type Command, type CommandContext } from '../command.js';
import { override } from '../emit/override.js';
import { print, printJson, usage } from '../io.js';
import { nearest } from '../nearest.js';
import { withProgress } from '../progress.js';
import { table } from '../table.js';
import { wholeNumber } from '../whole-number.js';

/** Used where an event needs a guild and none was asked for: no mapping has it, so it goes to production. */
const SOME_GUILD = '1000000000000000001';
const OTHER = { otherGuild: '1000000000000000002', user: '1000000000000000003' };
const CHANNEL = '1000000000000000004';
const MAX_COUNT = 999_999;

export const emitCommand: Command = {
  name: 'emit',
  args: '[event]',
  summary: 'Publish a Discord event of the catalogue, to try a bot or a route',
  options: [
    { flags: '--list', description: 'List the events of the catalogue' },
    { flags: '--guild <id>', description: 'The guild it comes from' },
    { flags: '--to <sandbox>', description: "Take the sandbox's first guild" },
    {
      flags: '--set <path=value>',
      description: 'Set a field, such as content=hello or author.bot=true; may be repeated',
      repeats: true,
    },
    { flags: '--count <n>', description: 'Publish it this often (default 1)' },
    JSON_OPTION,
  ],
  examples: [
    'bd sandbox emit message-create --to my-fix --set content=hello',
    'bd sandbox emit --list',
  ],

  async run(context) {
    const { io, input, config } = context;
    const { corpus } = await import('../../fixtures/events/index.js');
    const eventsFor = (guild: string) => corpus({ guild, channel: CHANNEL, ...OTHER });
    if (input.flag('list')) return list(context, eventsFor(SOME_GUILD));
    const guild = await guildOf(context);
    const event = find(eventsFor(guild ?? SOME_GUILD), input.args[0]);
    const payload = override(event.payload, input.texts('set'));
    const count = wholeNumber('--count', input.text('count'), MAX_COUNT) ?? 1;
    const { publish } = await import('../emit/publish.js');
    const sequences = await withProgress(io, 'publishing', () =>
      publish(config(), { subject: event.subject, payload, count }),
    );
    const outcome = { event: event.name, subject: event.subject, guildId: guild, sequences };
    if (input.flag('json')) return printJson(io, { ...outcome, payload });
    const from = guild === null ? '' : ` from guild ${guild}`;
    const times = sequences.length === 1 ? '' : ` ${sequences.length} times`;
    const place = `${times === '' ? '' : 'the last '}#${sequences.at(-1) ?? 0} of RAW`;
    await print(io, `${event.name} published${times} on ${event.subject}${from}, ${place}`);
  },
};

async function list({ io, input }: CommandContext, events: readonly CorpusEvent[]): Promise<void> {
  const fields = events.map(({ name, subject, expected }) => ({
    name,
    subject,
    goesTo: expected.kind,
  }));
  if (input.flag('json')) return printJson(io, fields);
  const rows = fields.map(({ name, subject, goesTo }) => [name, subject, goesTo]);
  await print(io, await table(io, ['Event', 'Subject', 'Goes to'], rows));
}

/** @throws SANDBOX_008 where both are given; SANDBOX_007 for a sandbox without a guild */
async function guildOf({ input, client }: CommandContext): Promise<string | null> {
  const guild = input.text('guild');
  const target = input.text('to');
  if (guild !== undefined && target !== undefined) {
    throw usage('emit: --guild and --to exclude each other', 'Leave one of them out.');
  }
  if (guild !== undefined) return parseGuildId(guild);
  if (target === undefined) return null;
  const sandbox = await (await client()).get(target);
  const [first] = sandbox.guildIds;
  if (first !== undefined) return first;
  throw new SandboxError('SANDBOX_007', `sandbox ${sandbox.name} has no guild`, {
    hint: `Give it one first: \`bd sandbox register-guild ${sandbox.name} <guild>\`.`,
  });
}

/** By its name, or by the type that Discord gives it: `MESSAGE_CREATE`. */
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
