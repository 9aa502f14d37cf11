/**
 * The Redis users of our own processes, as lines of an ACL file. Tenants' users are made by the worker and saved by
 * the server into the same file: they are kept from one start to the next.
 */
import { createHash } from 'node:crypto';
import type { Credentials } from './secrets.js';

/**
 * The rules of each user, in the order that Redis applies them. Categories first, then the exclusion of what they
 * contain too much of, then the few that are wanted all the same.
 */
const RULES = {
  admin: ['~*', '&*', '+@all'],
  // It makes tenants' users, which is the right to give itself any right: the boundary is that it never runs
  // what a tenant wrote. Keys and commands keep its mistakes small.
  bd_worker: [
    ...['~sandbox:*', '&sandbox:*'],
    ...['+@read', '+@write', '+@connection', '+@pubsub', '+@transaction', '-@dangerous', '-@admin'],
    ...['+eval', '+evalsha', '+script|load', '+script|exists', '+info', '+time', '+wait'],
    ...[
      '+acl|setuser',
      '+acl|deluser',
      '+acl|getuser',
      '+acl|list',
      '+acl|users',
      '+acl|save',
      '+acl|whoami',
    ],
    ...['+client|list', '+client|kill'],
  ],
  // Reads the route table; what it decides goes to NATS alone.
  bd_router: [
    ...['%R~sandbox:routes:*', '%R~sandbox:route:*', '&sandbox:*'],
    ...['+@read', '+@connection', '+@transaction', '-@dangerous', '-@admin'],
    ...['+subscribe', '+unsubscribe', '+psubscribe', '+punsubscribe', '+info', '+time'],
  ],
  // Inspects; and fills the cache of routes, as every reader of the RouteProvider does.
  bd_client: [
    ...['%R~sandbox:*', '%RW~sandbox:route:*', '&sandbox:*'],
    ...['+@read', '+@connection', '+@transaction', '-@dangerous', '-@admin'],
    ...['+set', '+setex', '+psetex', '+mset', '+expire', '+pexpire', '+del', '+unlink'],
    ...['+subscribe', '+unsubscribe', '+psubscribe', '+punsubscribe', '+info', '+time'],
    ...['+acl|getuser', '+acl|list', '+acl|users', '+acl|whoami'],
  ],
  // Learns whether Redis answers, and no more: a worker looks at a sandbox for it (docs/decisions/0040).
  bd_api: ['+ping', '+hello', '+auth', '+quit', '+client|setname', '+client|id'],
} as const satisfies Record<keyof Credentials['redis'], readonly string[]>;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The file's new content: our users as they must be, everybody else's as they are. */
export function aclFile(credentials: Credentials['redis'], existing: string): string {
  const ours = new Set<string>(['default', ...Object.keys(RULES)]);
  const kept = existing.split('\n').filter((line) => {
    const [word, user] = line.split(' ');
    return word === 'user' && user !== undefined && !ours.has(user);
  });
  const own = (Object.keys(RULES) as (keyof typeof RULES)[]).map((user) =>
    ['user', user, 'on', `#${sha256(credentials[user])}`, 'resetchannels', ...RULES[user]].join(
      ' ',
    ),
  );
  return [...['user default off resetchannels -@all'], ...own, ...kept, ''].join('\n');
}
