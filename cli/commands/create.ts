/** `bd sandbox create`: creates a sandbox and returns when it runs. */
import type { TemplateControl } from '../../domain/control.js';
import { tellCreateTime } from '../../domain/template.js';
import { JSON_OPTION, type Command } from '../command.js';
import { asTyped, note, print, printJson, usage, type Io } from '../io.js';
import { withLastingProgress } from '../progress.js';
import { runThen } from '../then.js';

export const createCommand: Command = {
  name: 'create',
  aliases: ['new'],
  args: '[name]',
  summary: 'Create a sandbox: schema, key space, subjects, and routes for its guilds',
  options: [
    {
      flags: '--ttl <duration>',
      description: 'Lifetime of the sandbox, such as 90m, 24h, 7d or 1h30m',
      default: "the worker's, 24h unless set",
    },
    {
      flags: '--guild <id>',
      description: 'A Discord server whose events the sandbox gets; may be repeated',
      repeats: true,
    },
    {
      flags: '--owner <owner>',
      description: 'The owner',
      default: 'SANDBOX_OWNER, else the OS user',
    },
    {
      flags: '--id <id>',
      description: 'The id; a create with the same id returns the same sandbox',
    },
    {
      flags: '--template <name>',
      description: 'The template of its schema (`bd template list`)',
      default: 'SANDBOX_DEFAULT_TEMPLATE, else arrakis',
    },
    {
      flags: '--then <command>',
      description: 'Then run this shell command with the sandbox’s environment, such as migrations',
    },
    { flags: '--wait', description: '--wait=false returns once the workflow has started' },
    JSON_OPTION,
  ],
  examples: [
    'bd sandbox create --guild 1234567890123456789',
    'bd sandbox create my-fix --ttl 2h --json',
    "bd sandbox create my-fix --template shop --then 'npm run migrate'",
  ],

  async run({ io, input, client }) {
    if (input.text('then') !== undefined && !input.flag('wait', true))
      throw usage('--then waits for the sandbox', 'Leave --then or --wait=false out.');
    const api = await client();
    const [name] = input.args;
    const owner = input.text('owner');
    const ttl = input.text('ttl');
    const sandboxId = input.text('id');
    const template = input.text('template');
    const named = template ?? io.env.SANDBOX_DEFAULT_TEMPLATE;
    const telling = input.flag('json') ? null : tellTime(io, api, named);
    const creating = withLastingProgress(io, 'creating', () =>
      api.create({
        guildIds: input.texts('guild'),
        wait: input.flag('wait', true),
        ...(name === undefined ? {} : { name }),
        ...(owner === undefined ? {} : { owner }),
        ...(ttl === undefined ? {} : { ttl }),
        ...(sandboxId === undefined ? {} : { sandboxId }),
        ...(template === undefined ? {} : { template }),
      }),
    );
    const [sandbox] = await Promise.all([creating, telling]);
    const then = input.text('then');
    if (then !== undefined) await runThen(io, then, sandbox, await api.connection(sandbox.id));
    if (input.flag('json')) return printJson(io, sandbox);
    const lines = [
      `id       ${sandbox.id}`,
      `name     ${sandbox.name}`,
      `schema   ${sandbox.schema}, template ${sandbox.template}`,
      `expires  ${sandbox.expiresAt}`,
    ];
    if (sandbox.guildIds.length > 0) lines.push(`guilds   ${sandbox.guildIds.join(', ')}`);
    lines.push(
      '',
      `Run your bot in it:  bd sandbox exec ${sandbox.name} -- node bot.js`,
      `Or open a shell:     bd sandbox exec ${sandbox.name} -- bash`,
    );
    await print(io, asTyped(io, lines.join('\n')));
  },
};

/** Beside the create, which does not wait for it. A caller who may not read templates is told nothing. */
async function tellTime(io: Io, api: TemplateControl, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const templates = await api.listTemplates().catch(() => []);
  const text = templates.filter((one) => one.name === name).map(tellCreateTime)[0] ?? null;
  if (text !== null) await note(io, text);
}
