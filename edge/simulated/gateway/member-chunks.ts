/** Opcode 8: the members of a guild in chunks. */
import { list, text, type Fields } from '../../../discord/fields.js';
import { OP } from '../../../discord/gateway.js';
import { INTENT } from '../../../discord/intents.js';
import type { Guild } from '../world/guild.js';
import type { Json, MemberData } from '../world/shapes.js';
import type { Session } from './session.js';

const CHUNK = 1_000;
const MAX_FOUND = 100;
/** Discord answers a request for all members of one guild once in this time. */
const ALL_EVERY_MS = 30_000;

export class MemberRequests {
  /** The time of the last request for all members, by guild. */
  readonly #asked = new Map<string, number>();

  constructor(private readonly now: () => number) {}

  /**
   * Sends the chunks. Without the intent for members a request for all stays without an answer, as
   * on Discord.
   */
  answer(session: Session, guild: Guild, d: Fields): void {
    const nonce = text(d, 'nonce');
    const echo = nonce === null ? {} : { nonce };
    const ids = 'user_ids' in d ? idsIn(d) : null;
    const query = text(d, 'query') ?? '';
    const limit = typeof d.limit === 'number' ? d.limit : 0;
    if (ids === null && query === '' && limit === 0) {
      if ((session.intents & INTENT.guildMembers) === 0) return;
      const waitMs = this.#waitFor(guild.id);
      if (waitMs > 0) {
        const meta = { guild_id: guild.id, ...echo };
        const limited = { opcode: OP.requestMembers, retry_after: waitMs / 1_000, meta };
        session.dispatch('RATE_LIMITED', JSON.stringify(limited));
        return;
      }
    }
    const { members, notFound } = found(guild, ids, query, limit);
    const presences = d.presences === true ? { presences: [] } : {};
    const extra = {
      ...presences,
      ...(notFound.length > 0 ? { not_found: notFound } : {}),
      ...echo,
    };
    for (const chunk of chunksOf(guild.id, members, extra))
      session.dispatch('GUILD_MEMBERS_CHUNK', JSON.stringify(chunk));
  }

  #waitFor(guildId: string): number {
    const now = this.now();
    const last = this.#asked.get(guildId);
    if (last !== undefined && now - last < ALL_EVERY_MS) return last + ALL_EVERY_MS - now;
    this.#asked.set(guildId, now);
    return 0;
  }
}

function idsIn(d: Fields): string[] {
  const one = text(d, 'user_ids');
  return one === null ? list(d, 'user_ids').map(String).slice(0, MAX_FOUND) : [one];
}

function found(
  guild: Guild,
  ids: readonly string[] | null,
  query: string,
  limit: number,
): { members: MemberData[]; notFound: string[] } {
  if (ids !== null) {
    const members = ids.map((id) => guild.members.get(id)).filter((one) => one !== undefined);
    return { members, notFound: ids.filter((id) => !guild.members.has(id)) };
  }
  const all = [...guild.members.values()];
  if (query === '' && limit === 0) return { members: all, notFound: [] };
  return { members: withPrefix(guild, query).slice(0, Math.min(limit, MAX_FOUND)), notFound: [] };
}

/** Members whose name or nick begins so, in any case. */
export function withPrefix(guild: Guild, prefix: string): MemberData[] {
  const wanted = prefix.toLowerCase();
  const fits = (name: string | null): boolean => name?.toLowerCase().startsWith(wanted) === true;
  return [...guild.members.values()].filter(
    ({ user, nick }) => fits(user.username) || fits(user.global_name) || fits(nick),
  );
}

function chunksOf(guildId: string, members: readonly MemberData[], extra: Json): Json[] {
  const count = Math.max(1, Math.ceil(members.length / CHUNK));
  return Array.from({ length: count }, (_, index) => ({
    guild_id: guildId,
    members: members.slice(index * CHUNK, (index + 1) * CHUNK),
    ...{ chunk_index: index, chunk_count: count },
    ...extra,
  }));
}
