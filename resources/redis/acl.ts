/**
 * The commands of a sandbox's Redis user: an explicit list, because categories include unsafe
 * commands (docs/isolation.md).
 */
import { redisPrefix, type SandboxId } from '../../domain/names.js';
import type { Redis } from '../../platform/redis.js';

/**
 * Commands that name their keys, so that the key pattern limits them; then commands that every
 * client needs.
 */
const COMMANDS = [
  // strings
  'get set setnx setex psetex mget mset msetnx append strlen getrange setrange getdel getex getset incr incrby incrbyfloat',
  'decr decrby setbit getbit bitcount bitpos bitop bitfield bitfield_ro substr lcs',
  // any key
  'del unlink exists expire pexpire expireat pexpireat expiretime pexpiretime ttl pttl persist type touch rename renamenx',
  // Without COPY: it writes into any database, without SELECT, where no clean-up looks.
  'dump restore object|encoding object|idletime object|refcount object|freq sort sort_ro',
  // hashes
  'hget hset hsetnx hmget hmset hgetall hdel hexists hincrby hincrbyfloat hkeys hvals hlen hstrlen hscan hrandfield',
  // lists
  'lpush rpush lpushx rpushx lpop rpop lrange llen lindex linsert lset lrem ltrim lpos lmove lmpop rpoplpush',
  'blpop brpop blmove blmpop brpoplpush',
  // sets
  'sadd srem smembers sismember smismember scard spop srandmember smove sinter sinterstore sintercard sunion sunionstore',
  'sdiff sdiffstore sscan',
  // sorted sets
  'zadd zrem zincrby zscore zmscore zcard zcount zlexcount zrange zrangestore zrangebyscore zrangebylex zrevrange',
  'zrevrangebyscore zrevrangebylex zrank zrevrank zremrangebyrank zremrangebyscore zremrangebylex zpopmin zpopmax zmpop',
  'bzpopmin bzpopmax bzmpop zinter zinterstore zintercard zunion zunionstore zdiff zdiffstore zscan zrandmember',
  // streams, HyperLogLog, geo
  'xadd xlen xrange xrevrange xread xreadgroup xack xdel xtrim xgroup xclaim xautoclaim xpending xinfo',
  'pfadd pfcount pfmerge geoadd geodist geohash geopos geosearch geosearchstore',
  // scripts: the key pattern refuses each access of EVAL to an undeclared key
  'eval evalsha eval_ro evalsha_ro',
  // channels, limited by the channel pattern
  'publish subscribe unsubscribe psubscribe punsubscribe spublish ssubscribe sunsubscribe',
  // the connection itself
  'auth hello ping echo quit reset multi exec discard watch unwatch client|setname client|getname client|id client|reply',
]
  .join(' ')
  .split(' ');

/** Exists from Redis 7.2. A rule with an unknown subcommand fails as a whole. */
const OPTIONAL = ['client|setinfo'];

const optionalOf = new WeakMap<Redis, Promise<string[]>>();

function supported(redis: Redis): Promise<string[]> {
  let known = optionalOf.get(redis);
  if (known === undefined) {
    known = redis
      .call('COMMAND', 'INFO', ...OPTIONAL)
      .then((reply) => OPTIONAL.filter((_, i) => (reply as unknown[])[i] != null));
    known.catch(() => optionalOf.delete(redis));
    optionalOf.set(redis, known);
  }
  return known;
}

/**
 * Arguments of ACL SETUSER. `reset` comes first: SETUSER appends, and a retry would leave two valid
 * passwords.
 */
export async function tenantRules(
  redis: Redis,
  sandboxId: SandboxId,
  password: string,
): Promise<string[]> {
  const prefix = redisPrefix(sandboxId);
  return [
    'reset',
    'on',
    `>${password}`,
    `~${prefix}*`,
    `&${prefix}*`,
    '-@all',
    ...[...COMMANDS, ...(await supported(redis))].map((command) => `+${command}`),
  ];
}
