/**
 * Types every command line of the documentation in a shell. SUBSTITUTES replaces placeholders.
 * ELSEWHERE lists the other commands, each with the test that runs it. A new command is typed, and
 * must work.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GROUPS } from '../../../cli/groups.js';
import type { Control } from '../../../domain/control.js';
import { openDirectControl } from '../../../control/direct-control.js';
import { projectRoot } from '../../../platform/project-root.js';
import { someGuild, someName, someOwner, stackConfig } from '../../support/stack.js';
import {
  documentedOn,
  FIRST_DAY,
  linesOf,
  pages,
  readPage,
  withoutNpx,
} from '../../support/documented.js';
import { ELSEWHERE } from './elsewhere.js';
import { openShell, type Shell, type Typed } from './shell.js';
import { templateWays } from './template-ways.js';
import type { Way } from './way.js';
import { runHome } from '../../support/run-home.js';

/** The sandbox and the guild of the pages: no other test uses them. */
const MY_FIX = 'my-fix';
const GUILD = '1234567890123456789';
const OWNER = someOwner();

let shell: Shell;
let client: Control;

beforeAll(() => {
  shell = openShell({ SANDBOX_HOME: runHome(), SANDBOX_OWNER: OWNER });
  client = openDirectControl(stackConfig({ SANDBOX_OWNER: OWNER }));
});

afterAll(async () => {
  for (const { id } of await client.list({ owner: OWNER })) await client.destroy(id);
  await client.close();
  shell.close();
});

/** A sandbox that the command may destroy. */
async function another(guildIds: readonly string[] = []): Promise<string> {
  return (await client.create({ name: someName(), owner: someOwner(), ttl: '10m', guildIds })).name;
}

/** Values for the placeholders that a reader fills in. */
const SUBSTITUTES: Readonly<Record<string, string>> = {
  '<sandbox>': MY_FIX,
  '<duration>': '1h',
  '<shell>': 'bash',
  '<guild>': GUILD,
  '<owner>': 'ada',
  '<role>': 'developer',
  '[name]': '',
  '[event]': `message-create --to ${MY_FIX}`,
  'command…': 'true',
  '123…': GUILD,
};

const emit = () => shell.type(`bd sandbox emit message-create --to ${MY_FIX}`);
const follows: Way = { until: /MESSAGE_CREATE/, meanwhile: emit };
// Without a terminal the bot gets Ctrl-C twice: from this test, and from `exec`.
const bot: Way = { until: /is listening/, codes: [0, 130] };
/** Uses the other shell if the machine has it; else it runs only our half. */
const inShell = (name: string, command: string, ours: string): Way => ({
  as: () =>
    Promise.resolve(
      spawnSync('which', [name]).status === 0
        ? `${name} -c '${command.replaceAll("'", `'\\''`)}'`
        : ours,
    ),
});

/** Commands that need more than typing. */
const WAYS: Readonly<Record<string, Way>> = {
  bd: { says: /Usage/ },
  'bd sandbox': { says: /Commands/ },
  // The run's stack runs already: test/system/stack/conflicts.test.ts runs one in the foreground.
  'bd dev': { codes: [5], says: /runs already/ },
  'bd dev run': { codes: [5], says: /runs already/ },
  'bd worker': { until: /worker started/ },
  'bd router': { until: /router started/ },
  'bd sandbox create --guild 1234567890123456789': { first: removeAll },
  'bd sandbox create my-fix --ttl 2h --json': { first: removeAll, says: /"my-fix"/ },
  'bd sandbox create [name]': { first: removeAll },
  'bd sandbox tail <sandbox>': follows,
  'bd sandbox tail my-fix --type "MESSAGE_*"': follows,
  // Ctrl-C ends both sides of the pipe; jq ends by the signal.
  'bd sandbox tail my-fix --json | jq .payload': {
    until: /"MESSAGE_CREATE"/,
    meanwhile: emit,
    codes: [0, 130],
  },
  'bd sandbox exec my-fix -- node dist/examples/bot/main.js': bot,
  'bd sandbox exec my-fix node dist/examples/bot/main.js': bot,
  'bd sandbox destroy [...sandboxes]': {
    as: async () => `bd sandbox destroy ${await another()} ${await another()}`,
    answer: 'y',
    says: /is destroyed[^]*is destroyed/,
  },
  'bd sandbox destroy my-fix': {
    as: async () => `bd sandbox destroy ${await another()}`,
    answer: 'y',
    says: /is destroyed/,
  },
  'bd sandbox destroy --all --yes': {
    as: () => Promise.resolve(`bd sandbox destroy --all --owner ${someOwner()} --yes`),
    says: /Nothing to destroy/,
  },
  'bd sandbox destroy <name>': {
    as: async () => `bd sandbox destroy ${await another()}`,
    answer: 'y',
    says: /is destroyed/,
  },
  'bd sandbox reset <sandbox>': { answer: 'y', says: /is empty/ },
  'bd sandbox logs <id>': { as: async () => `bd sandbox logs ${(await client.get(MY_FIX)).id}` },
  'bd sandbox register-guild <sandbox> <guild>': {
    as: () => Promise.resolve(`bd sandbox register-guild ${MY_FIX} ${someGuild()}`),
  },
  'bd sandbox unregister-guild <guild>': {
    as: async () => {
      const guild = someGuild();
      await another([guild]);
      return `bd sandbox unregister-guild ${guild}`;
    },
  },
  ...templateWays(MY_FIX, () => client, removeAll),
  'bd token create': { as: () => Promise.resolve('bd token create --scope sandbox:read') },
  'bd token revoke <token>': {
    as: async () =>
      `bd token revoke ${(await client.createToken({ scopes: ['sandbox:read'] })).id}`,
    says: /is revoked/,
  },
  'bd guild revoke <guild> <owner>': {
    as: async () => {
      const grant = await client.grantGuild({ guildId: someGuild(), owner: someOwner() });
      return `bd guild revoke ${grant.guildId} ${grant.owner}`;
    },
    says: /no longer granted/,
  },
  'source <(bd completion zsh)': inShell(
    'zsh',
    'autoload -U compinit; compinit -u; source <(bd completion zsh)',
    'bd completion zsh',
  ),
  'bd completion fish | source': inShell(
    'fish',
    'bd completion fish | source',
    'bd completion fish',
  ),
  'bd sandbox connect my-fix --format fish | source': inShell(
    'fish',
    'bd sandbox connect my-fix --format fish | source',
    'bd sandbox connect my-fix --format fish',
  ),
};

async function removeAll(): Promise<void> {
  for (const { id } of await client.list({ owner: OWNER })) {
    await client.destroy(id);
    await client.waitUntilDestroyed(id);
  }
}

/** In a sentence `bd sandbox extend` is only a name: the name is checked, not typed. */
function isName(command: string): boolean {
  return GROUPS.some((group) =>
    group.commands.some(({ name, aliases = [], args }) => {
      const wantsMore = args.includes('<') || ['destroy', 'emit'].includes(name);
      const names = wantsMore ? [name, ...aliases] : aliases;
      return names.some((word) => `${group.name} ${word}` === command);
    }),
  );
}

const all = pages.flatMap(documentedOn);
const onFirstDay = (page: string, section: string): boolean =>
  FIRST_DAY.some(([p, s]) => p === page && s === section);
const guide = linesOf('docs/sandbox-guide.md', 'Getting started').filter(
  (line) => !Object.hasOwn(ELSEWHERE, line),
);

const typedInOrder = new Set([
  ...guide.map(withoutNpx),
  ...FIRST_DAY.flatMap(([page, section]) => linesOf(page, section).map(withoutNpx)),
]);
/** Grouped by the line that is typed: a line on two pages is typed once. */
const individually = [
  ...new Set(
    all
      .filter(({ page, section, kind }) => kind === 'inline' || !onFirstDay(page, section))
      .map(({ command }) => withoutNpx(command))
      .filter((command) => !typedInOrder.has(command) && !Object.hasOwn(ELSEWHERE, command))
      .filter((command) => !isName(command))
      .map((command) => (Object.hasOwn(WAYS, command) ? command : filledIn(command)))
      .filter((line) => !typedInOrder.has(line)),
  ),
];

function filledIn(command: string): string {
  let line = command;
  for (const [placeholder, text] of Object.entries(SUBSTITUTES))
    line = line.replaceAll(placeholder, text);
  return line;
}

async function typeOne(command: string): Promise<{ line: string; way: Way; ran: Typed }> {
  const way = Object.hasOwn(WAYS, command) ? (WAYS[command] ?? {}) : {};
  await way.first?.();
  const line = await (way.as?.() ?? filledIn(command));
  return { line, way, ran: await shell.type(line, way) };
}

describe('the documentation', () => {
  it('is read, and its commands are found', () => {
    expect(all.length).toBeGreaterThan(150);
    expect(individually.length).toBeGreaterThan(40);
    // Every exception is still on a page.
    const known = new Set(all.map(({ command }) => withoutNpx(command)));
    for (const command of [...Object.keys(WAYS), ...Object.keys(ELSEWHERE)])
      expect([...known]).toContain(command);
  });

  it.each(Object.entries(ELSEWHERE))('names what runs `%s`', (_, { file, holding }) => {
    expect(existsSync(join(projectRoot(), file)), file).toBe(true);
    expect(readPage(file)).toContain(holding);
  });
});

describe('the guide', () => {
  it('has examples that work, in order', async () => {
    expect(guide.length).toBeGreaterThan(15);
    const script = guide.flatMap((line) => [
      `echo "> ${line.replace(/["$`\\]/g, '\\$&')}" >&2`,
      line,
    ]);
    const { code, stdout, stderr } = await shell.type(['set -eu', ...script].join('\n'));
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('sandbox_sb');
    expect(stdout).toContain('MESSAGE_CREATE');
  }, 180_000);
});

describe('typed alone', () => {
  beforeAll(async () => {
    await removeAll();
  });

  it.each(individually.filter((command) => /sandbox create/.test(command)))(
    '`%s` works',
    async (command) => {
      await works(command);
    },
  );

  describe('with the sandbox of the pages', () => {
    beforeAll(async () => {
      await removeAll();
      await client.create({ name: MY_FIX, ttl: '4h', guildIds: [GUILD] });
    });

    it.each(individually.filter((command) => !/sandbox create/.test(command)))(
      '`%s` works',
      async (command) => {
        await works(command);
      },
    );
  });
});

async function works(command: string): Promise<void> {
  const { line, way, ran } = await typeOne(command);
  expect(way.codes ?? [0], `${line}\n${ran.stdout}\n${ran.stderr}`).toContain(ran.code);
  if (way.says !== undefined) expect(`${ran.stdout}${ran.stderr}`).toMatch(way.says);
  expect(ran.stderr).not.toMatch(/\n\s+at /);
}
