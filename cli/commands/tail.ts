/** `bd sandbox tail`: the live events of a sandbox, read beside its bot. */
import { classify } from '../../domain/guild-of-event.js';
import { parseDuration } from '../../domain/duration.js';
import { parseGuildId } from '../../domain/guild.js';
import type { SandboxEvent } from '../../control/events.js';
import { JSON_OPTION, type Command, type Input } from '../command.js';
import { colours, note, print, terminalWidth, usage, type Io } from '../io.js';
import { wholeNumber } from '../whole-number.js';
import { columnsOf, cutTo } from '../width.js';

const MAX_LIMIT = 999_999_999;

export const tailCommand: Command = {
  name: 'tail',
  args: '<sandbox>',
  summary: "Show a sandbox's events as they are stored; its bot still gets them all",
  options: [
    {
      flags: '--type <pattern>',
      description: 'Only this type, such as MESSAGE_CREATE or MESSAGE_*; may be repeated',
      repeats: true,
    },
    { flags: '--guild <id>', description: 'Only this guild; may be repeated', repeats: true },
    { flags: '--since <duration>', description: 'Begin this long ago instead of now, such as 10m' },
    { flags: '--limit <n>', description: 'End after this many events' },
    { ...JSON_OPTION, description: 'One JSON object a line, with the whole payload' },
  ],
  examples: [
    'bd sandbox tail my-fix --type "MESSAGE_*"',
    'bd sandbox tail my-fix --json | jq .payload',
  ],

  async run({ io, input, client }) {
    const wanted = filterOf(input);
    const limit = wholeNumber('--limit', input.text('limit'), MAX_LIMIT) ?? Infinity;
    const since = input.text('since');
    const sinceMs = since === undefined ? undefined : parseDuration(since, '--since');
    const [sandbox = ''] = input.args;
    const stop = new AbortController();
    // Ctrl-C is how a tail ends; npx delivers it twice (traps.md 57).
    const onSignal = (): void => {
      stop.abort();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
    try {
      const api = await client();
      const events = api.events(sandbox, {
        signal: stop.signal,
        onAway: () => void note(io, 'NATS does not answer; it is asked until it does.'),
        ...(sinceMs === undefined ? {} : { since: new Date(Date.now() - sinceMs) }),
      });
      if (io.stderr.isTTY) await note(io, `Events of ${sandbox}; Ctrl-C ends it.`);
      let shown = 0;
      for await (const event of events) {
        if (!wanted(event)) continue;
        await print(io, input.flag('json') ? jsonLine(event) : textLine(io, event));
        shown += 1;
        if (shown === limit) break;
      }
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
  },
};

function filterOf(input: Input): (event: SandboxEvent) => boolean {
  const guilds = new Set<string>(input.texts('guild').map((guild) => parseGuildId(guild)));
  const types = input.texts('type').map(pattern);
  return ({ guildId, type }) =>
    (guilds.size === 0 || (guildId !== null && guilds.has(guildId))) &&
    (types.length === 0 || types.some((expression) => expression.test(type)));
}

/** `*` stands for anything; case does not matter, since ingestors differ in it. */
function pattern(text: string): RegExp {
  if (text === '')
    throw usage('--type "" is not valid', 'Use a type, such as MESSAGE_CREATE or MESSAGE_*.');
  const literal = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`, 'i');
}

/** The payload as JSON where it is JSON, else as text. */
function jsonLine({ payload, ...event }: SandboxEvent): string {
  const readable = classify(Buffer.from(payload)).kind !== 'malformed';
  const document: unknown = readable ? JSON.parse(payload) : payload;
  return JSON.stringify({ ...event, payload: document });
}

function textLine(io: Io, { time, type, guildId, sequence, payload }: SandboxEvent): string {
  const c = colours(io, io.stdout);
  const head = printable([time.slice(11, 23), `#${sequence}`, type, guildId ?? '-'].join(' '));
  const room = terminalWidth(io) - columnsOf(head) - 1;
  // Of a payload of megabytes no more than a line can show is looked at.
  const cut = cutTo(printable(payload.slice(0, 400 + room)), room);
  return room > 8 ? `${head} ${c.dim(cut)}` : head;
}

/** Control characters of strangers must not reach a terminal. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');
