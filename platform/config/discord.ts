/** The part of the configuration's table for the simulated Discord of the local stack. */
import { optional, setting } from './setting.js';
import { count, secret } from './types.js';

const readers = ['discord'] as const;

export const DISCORD = {
  port: setting('SANDBOX_DISCORD_PORT', count(0, 65_535), '7782', {
    readers,
    about:
      'port of [simulated Discord](simulated-discord.md), on loopback; the local stack sets it',
  }),
  secret: optional('SANDBOX_DISCORD_SECRET', secret(32), {
    readers,
    secret: true,
    about: 'secret of its control surface, from which its bot tokens derive',
    unset: "derived from the stack's `master.key`",
  }),
};
