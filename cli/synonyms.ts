/**
 * Words of other tools for our commands. `bd` suggests the command and never runs it: `remove` may
 * promise less.
 */

/** By group: the typed word → our command. */
export const SYNONYMS: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  bd: table({
    doctor: ['check', 'health', 'diagnose'],
    migrate: ['init', 'install', 'upgrade', 'update'],
    worker: ['workers'],
    router: ['routers'],
    completion: ['completions', 'autocomplete'],
    sandbox: ['sandboxes', 'sb'],
    dev: ['stack', 'local'],
    token: ['tokens', 'key', 'keys'],
    guild: ['guilds', 'grants'],
    owner: ['owners', 'user', 'users'],
    discord: ['simulated'],
  }),
  'bd sandbox': table({
    create: ['add', 'make', 'start', 'spawn', 'launch'],
    list: ['ps', 'all', 'search', 'find'],
    status: ['show', 'get', 'info', 'describe', 'inspect', 'view', 'details', 'health'],
    connect: ['credentials', 'variables', 'vars', 'export', 'use', 'environment'],
    exec: ['run', 'shell', 'sh', 'ssh', 'enter', 'attach', 'with'],
    destroy: ['delete', 'del', 'remove', 'stop', 'kill', 'terminate', 'drop'],
    extend: ['renew', 'prolong', 'keep', 'ttl'],
    reset: ['clear', 'empty', 'wipe', 'truncate'],
    'register-guild': ['register', 'add-guild', 'map', 'route'],
    'unregister-guild': ['unregister', 'remove-guild', 'unmap', 'unroute'],
    tail: ['watch', 'follow', 'events', 'stream'],
    emit: ['send', 'publish', 'fire', 'trigger'],
    logs: ['log', 'history', 'audit'],
    open: ['ui', 'web', 'browse', 'temporal'],
    sweep: ['gc', 'clean', 'cleanup', 'prune'],
  }),
  'bd token': table({
    create: ['add', 'make', 'new', 'mint', 'issue'],
    list: ['show', 'ps', 'all'],
    revoke: ['delete', 'remove', 'rm', 'destroy', 'end'],
  }),
  'bd guild': table({
    grant: ['add', 'allow', 'permit'],
    revoke: ['remove', 'rm', 'delete', 'deny'],
    list: ['show', 'grants', 'all'],
  }),
  'bd owner': table({ 'set-role': ['role', 'promote', 'demote'] }),
  'bd discord': table({
    guilds: ['servers'],
    say: ['write', 'message', 'post'],
    slash: ['command', 'interaction', 'use'],
    messages: ['read', 'history'],
  }),
  'bd dev': table({
    run: ['foreground'],
    up: ['start', 'boot'],
    down: ['stop', 'shutdown', 'kill', 'halt'],
    status: ['ps', 'show', 'info', 'health'],
    env: ['addresses', 'export', 'vars'],
    restart: ['reload', 'reboot'],
  }),
};

function table(words: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(words).flatMap(([command, typed]) => typed.map((word) => [word, command])),
  );
}
