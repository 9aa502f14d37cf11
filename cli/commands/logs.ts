/** `bd sandbox logs`: the audit entries of a sandbox. */
import { AUDIT_EVENTS } from '../../domain/audit.js';
import { JSON_OPTION, type Command } from '../command.js';
import { note, print, printJson, usage } from '../io.js';
import { withProgress } from '../progress.js';
import { table } from '../table.js';

export const logsCommand: Command = {
  name: 'logs',
  args: '<sandbox>',
  summary: "Show a sandbox's audit: every change, its actor and its time",
  options: [
    { flags: '--event <type>', description: 'Only events of this type', values: AUDIT_EVENTS },
    JSON_OPTION,
  ],
  examples: ['bd sandbox logs my-fix', 'bd sandbox logs my-fix --event status_changed --json'],

  async run({ io, input, client }) {
    const wanted = input.text('event');
    if (wanted !== undefined && !AUDIT_EVENTS.some((event) => event === wanted)) {
      throw usage(
        `event ${JSON.stringify(wanted.slice(0, 60))} is not known`,
        `Use one of ${AUDIT_EVENTS.join(', ')}.`,
      );
    }
    const api = await client();
    const all = await withProgress(io, 'reading', () => api.audit(input.args[0] ?? ''));
    const entries = all.filter(({ eventType }) => wanted === undefined || eventType === wanted);
    if (input.flag('json')) {
      return printJson(
        io,
        entries.map(
          ({ sandboxId, eventType, actor, actorKind, actorRole, via, details, createdAt }) => ({
            time: createdAt.toISOString(),
            sandboxId,
            event: eventType,
            actor,
            kind: actorKind,
            role: actorRole,
            via,
            details,
          }),
        ),
      );
    }
    if (entries.length === 0) return note(io, 'No such events.');
    const rows = entries.map(({ createdAt, eventType, actor, via, details }) => [
      createdAt.toISOString(),
      eventType,
      actor,
      via,
      detailText(details),
    ]);
    await print(io, await table(io, ['Time', 'Event', 'Actor', 'Via', 'Details'], rows));
  },
};

/** `pending → creating`, else `name=value` pairs. */
function detailText(details: Readonly<Record<string, unknown>>): string {
  const { from, to, ...rest } = details;
  const change = from !== undefined && to !== undefined ? [`${text(from)} → ${text(to)}`] : [];
  return [...change, ...Object.entries(rest).map(([key, value]) => `${key}=${text(value)}`)].join(
    ' ',
  );
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
