/** `bd sandbox tail`: shows a sandbox's live events. Its bot still gets all of them. */
import { parseDuration } from '../../domain/duration.js';
import { JSON_OPTION, type Command } from '../command.js';
import { note, print } from '../io.js';
import { filterOf } from '../tail/filter.js';
import { jsonLine, textLine } from '../tail/lines.js';
import { eventsToShow } from '../tail/reading.js';
import { wholeNumber } from '../whole-number.js';

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
    {
      flags: '--no-follow',
      description:
        'Show what is stored and end: all since --since, else the last ones (10, or --limit)',
    },
    { ...JSON_OPTION, description: 'One JSON object a line, with the whole payload' },
  ],
  examples: [
    'bd sandbox tail my-fix --type "MESSAGE_*"',
    'bd sandbox tail my-fix --no-follow',
    'bd sandbox tail my-fix --json | jq .payload',
  ],

  async run({ io, input, client }) {
    const [sandbox = ''] = input.args;
    const since = input.text('since');
    const limit = wholeNumber('--limit', input.text('limit'), MAX_LIMIT);
    const wanted = filterOf(input);
    const sinceMs = since === undefined ? undefined : parseDuration(since, '--since');
    const request = { sandbox, wanted, limit, sinceMs, follow: input.flag('follow', true) };
    const stop = new AbortController();
    // Ctrl-C ends a tail. npx sends it twice.
    const onSignal = (): void => {
      stop.abort();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
    try {
      let shown = 0;
      for await (const event of eventsToShow(await client(), io, request, stop.signal)) {
        await print(io, input.flag('json') ? jsonLine(event) : textLine(io, event));
        shown += 1;
      }
      if (shown === 0 && !request.follow)
        await note(io, `No such events of ${sandbox} are stored.`);
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
  },
};
