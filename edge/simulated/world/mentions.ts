/** Whom a message mentions, after `allowed_mentions`. */
import { list, object, type Fields } from '../../../discord/fields.js';
import type { Json, MessageData, UserData } from './shapes.js';
import type { Channel, World } from './world.js';

export interface Mentions {
  readonly mentions: UserData[];
  readonly mention_roles: string[];
  readonly mention_everyone: boolean;
}

type Kind = 'users' | 'roles' | 'everyone';

/** @param body with `allowed_mentions`; without it everything in the content counts */
export function mentionsOf(
  world: World,
  channel: Channel,
  body: Fields,
  content: string,
  repliedTo?: MessageData,
): Mentions {
  const allowed = (kind: Kind, id = ''): boolean => isAllowed(body, kind, id);
  const userIds = idsIn(content, /<@!?(\d{1,20})>/g).filter((id) => allowed('users', id));
  if (repliedTo !== undefined && mentionsReplied(body)) userIds.push(repliedTo.author.id);
  const users = [...new Set(userIds)].map((id) => world.users.get(id));
  const roles = idsIn(content, /<@&(\d{1,20})>/g).filter((id) => channel.guild?.roles.has(id));
  return {
    mentions: users.filter((user) => user !== undefined),
    mention_roles: roles.filter((id) => allowed('roles', id)),
    mention_everyone: /@(everyone|here)\b/.test(content) && allowed('everyone'),
  };
}

const idsIn = (content: string, pattern: RegExp): string[] => [
  ...new Set([...content.matchAll(pattern)].map(([, id = '']) => id)),
];

function isAllowed(body: Fields, kind: Kind, id: string): boolean {
  if (body.allowed_mentions === undefined || body.allowed_mentions === null) return true;
  const allowed = object(body, 'allowed_mentions');
  if (list(allowed, 'parse').includes(kind)) return true;
  return kind !== 'everyone' && list(allowed, kind).includes(id);
}

function mentionsReplied(body: Fields): boolean {
  if (body.allowed_mentions === undefined || body.allowed_mentions === null) return true;
  return object(body, 'allowed_mentions').replied_user === true;
}

/** As in events: each mentioned user with its member, without the member's user. */
export function withMembers(channel: Channel, mentions: readonly UserData[]): Json[] {
  return mentions.map((user) => {
    const member = channel.guild?.members.get(user.id);
    if (member === undefined) return { ...user };
    const { user: _, ...rest } = member;
    return { ...user, member: rest };
  });
}
