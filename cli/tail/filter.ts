/** Selects the events that `bd sandbox tail` shows. */
import type { SandboxEvent } from '../../domain/events.js';
import { parseGuildId } from '../../domain/guild.js';
import type { Input } from '../command.js';
import { usage } from '../io.js';

/** @throws SANDBOX_008 */
export function filterOf(input: Input): (event: SandboxEvent) => boolean {
  const guilds = new Set<string>(input.texts('guild').map((guild) => parseGuildId(guild)));
  const types = input.texts('type').map(pattern);
  return ({ guildId, type }) =>
    (guilds.size === 0 || (guildId !== null && guilds.has(guildId))) &&
    (types.length === 0 || types.some((expression) => expression.test(type)));
}

/** `*` matches anything. Case is ignored, because ingestors differ in it. */
function pattern(text: string): RegExp {
  if (text === '')
    throw usage('--type "" is not valid', 'Use a type, such as MESSAGE_CREATE or MESSAGE_*.');
  const literal = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`, 'i');
}
