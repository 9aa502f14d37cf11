/**
 * Attacks on others' keys in Redis that must be refused. The control does the same to the sandbox's
 * own keys.
 */

/** Name, attack, control: commands split at spaces. `{a}` is the attacker, `{b}` the victim. */
export type RedisAttack = readonly [string, string, string];

export const REDIS_KEY_ATTACKS: readonly RedisAttack[] = [
  ['read a neighbour’s key', 'GET sandbox:{b}:k', 'GET sandbox:{a}:k'],
  ['write a neighbour’s key', 'SET sandbox:{b}:k x', 'SET sandbox:{a}:k x'],
  ['delete a neighbour’s key', 'DEL sandbox:{b}:k', 'DEL sandbox:{a}:none'],
  ['read among its own', 'MGET sandbox:{a}:k sandbox:{b}:k', 'MGET sandbox:{a}:k sandbox:{a}:l'],
  [
    'rename over a neighbour’s',
    'RENAME sandbox:{a}:k sandbox:{b}:k',
    'RENAME sandbox:{a}:k sandbox:{a}:k2',
  ],
  [
    'copy from a neighbour',
    'COPY sandbox:{b}:k sandbox:{a}:c',
    'RENAME sandbox:{a}:k2 sandbox:{a}:k2',
  ],
  [
    'move a neighbour’s list',
    'LMOVE sandbox:{b}:list sandbox:{a}:list LEFT LEFT',
    'LMOVE sandbox:{a}:list sandbox:{a}:list2 LEFT LEFT',
  ],
  [
    'sort by a neighbour’s keys',
    'SORT sandbox:{a}:list BY sandbox:{b}:* GET sandbox:{b}:*',
    'SORT sandbox:{a}:list',
  ],
  [
    'store into a neighbour’s',
    'SINTERSTORE sandbox:{b}:s sandbox:{a}:s',
    'SINTERSTORE sandbox:{a}:s2 sandbox:{a}:s',
  ],
  ['dump a neighbour’s key', 'DUMP sandbox:{b}:k', 'DUMP sandbox:{a}:k2'],
  ['look at a neighbour’s key', 'OBJECT ENCODING sandbox:{b}:k', 'OBJECT ENCODING sandbox:{a}:k2'],
  ['watch a neighbour’s key', 'WATCH sandbox:{b}:k', 'WATCH sandbox:{a}:k'],
  ['a longer id with the same beginning', 'GET sandbox:{a}x:k', 'GET sandbox:{a}:x:k'],
  ['read the routes', 'HGETALL sandbox:routes:any:map', 'HGETALL sandbox:{a}:h'],
  ['forge a route', 'HSET sandbox:routes:any:map 1 9:{a}', 'HSET sandbox:{a}:h 1 9'],
  ['forge a cached route', 'SET sandbox:route:1 {a}', 'SET sandbox:{a}:route:1 x'],
  ['read the registry', 'HGETALL sandbox:registry', 'HGETALL sandbox:{a}:h'],
  ['bury itself', 'SET sandbox:tombstone:{b} 1', 'SET sandbox:{a}:tombstone 1'],
  [
    'pack a neighbour’s key in its place',
    'RESTORE sandbox:{b}:r 0 x REPLACE',
    'DUMP sandbox:{a}:k2',
  ],
  ['copy onto a neighbour', 'COPY sandbox:{a}:k2 sandbox:{b}:c', 'DUMP sandbox:{a}:k2'],
  [
    'hide a key in another database',
    'COPY sandbox:{a}:k2 sandbox:{a}:hidden DB 1',
    'RENAME sandbox:{a}:k2 sandbox:{a}:k2',
  ],
  [
    'ask how often a neighbour’s key is read',
    'OBJECT FREQ sandbox:{b}:k',
    'OBJECT REFCOUNT sandbox:{a}:k2',
  ],
  ['ask how long a neighbour’s key lives', 'PTTL sandbox:{b}:k', 'PTTL sandbox:{a}:k'],
  ['let a neighbour’s key expire', 'PEXPIRE sandbox:{b}:k 1', 'PEXPIRE sandbox:{a}:none 1'],
  [
    'write among its own',
    'MSET sandbox:{a}:k x sandbox:{b}:k x',
    'MSET sandbox:{a}:k x sandbox:{a}:l x',
  ],
  [
    'write among its own, if new',
    'MSETNX sandbox:{a}:n x sandbox:{b}:n x',
    'MSETNX sandbox:{a}:k x sandbox:{a}:l x',
  ],
  [
    'delete among its own',
    'DEL sandbox:{a}:none sandbox:{b}:k',
    'DEL sandbox:{a}:none sandbox:{a}:none2',
  ],
  [
    'unlink among its own',
    'UNLINK sandbox:{a}:none sandbox:{b}:k',
    'UNLINK sandbox:{a}:none sandbox:{a}:none2',
  ],
  [
    'find among its own',
    'EXISTS sandbox:{a}:k sandbox:{b}:k',
    'EXISTS sandbox:{a}:k sandbox:{a}:l',
  ],
  ['touch among its own', 'TOUCH sandbox:{a}:k sandbox:{b}:k', 'TOUCH sandbox:{a}:k sandbox:{a}:l'],
  [
    'rename to a neighbour’s, if new',
    'RENAMENX sandbox:{a}:k sandbox:{b}:new',
    'RENAMENX sandbox:{a}:k2 sandbox:{a}:k',
  ],
  ['watch among its own', 'WATCH sandbox:{a}:k sandbox:{b}:k', 'WATCH sandbox:{a}:k sandbox:{a}:l'],
  [
    'compare with a neighbour’s',
    'LCS sandbox:{a}:k sandbox:{b}:k',
    'LCS sandbox:{a}:k sandbox:{a}:l',
  ],
  [
    'combine bits with a neighbour’s',
    'BITOP OR sandbox:{a}:bits sandbox:{b}:k',
    'BITOP OR sandbox:{a}:bits sandbox:{a}:k',
  ],
  [
    'combine bits into a neighbour’s',
    'BITOP NOT sandbox:{b}:bits sandbox:{a}:k',
    'BITOP NOT sandbox:{a}:bits sandbox:{a}:k',
  ],
  [
    'wait for its own or a neighbour’s list',
    'BLPOP sandbox:{a}:none sandbox:{b}:list 1',
    'BLPOP sandbox:{a}:list2 1',
  ],
  [
    'take from its own or a neighbour’s list',
    'LMPOP 2 sandbox:{a}:none sandbox:{b}:list LEFT',
    'LMPOP 1 sandbox:{a}:none LEFT',
  ],
  [
    'push onto a neighbour’s list',
    'RPOPLPUSH sandbox:{a}:list sandbox:{b}:list',
    'RPOPLPUSH sandbox:{a}:list sandbox:{a}:list',
  ],
  [
    'store a sorted list at a neighbour’s',
    'SORT sandbox:{a}:list STORE sandbox:{b}:sorted',
    'SORT sandbox:{a}:list STORE sandbox:{a}:sorted',
  ],
  ['sort a neighbour’s list', 'SORT_RO sandbox:{b}:list', 'SORT_RO sandbox:{a}:list'],
  [
    'move into a neighbour’s set',
    'SMOVE sandbox:{a}:s sandbox:{b}:s 1',
    'SMOVE sandbox:{a}:s sandbox:{a}:s 1',
  ],
  [
    'unite with a neighbour’s set',
    'SUNION sandbox:{a}:s sandbox:{b}:s',
    'SUNION sandbox:{a}:s sandbox:{a}:s2',
  ],
  [
    'subtract a neighbour’s set',
    'SDIFFSTORE sandbox:{a}:d sandbox:{a}:s sandbox:{b}:s',
    'SDIFFSTORE sandbox:{a}:d sandbox:{a}:s sandbox:{a}:s2',
  ],
  [
    'count what a neighbour’s set shares',
    'SINTERCARD 2 sandbox:{a}:s sandbox:{b}:s',
    'SINTERCARD 2 sandbox:{a}:s sandbox:{a}:s2',
  ],
  [
    'unite sorted sets into a neighbour’s',
    'ZUNIONSTORE sandbox:{b}:z 1 sandbox:{a}:z',
    'ZUNIONSTORE sandbox:{a}:z2 1 sandbox:{a}:z',
  ],
  [
    'unite with a neighbour’s sorted set',
    'ZUNION 2 sandbox:{a}:z sandbox:{b}:z',
    'ZUNION 2 sandbox:{a}:z sandbox:{a}:z2',
  ],
  [
    'store a range at a neighbour’s',
    'ZRANGESTORE sandbox:{b}:z sandbox:{a}:z 0 -1',
    'ZRANGESTORE sandbox:{a}:z2 sandbox:{a}:z 0 -1',
  ],
  [
    'take from its own or a neighbour’s sorted set',
    'ZMPOP 2 sandbox:{a}:none sandbox:{b}:z MIN',
    'ZMPOP 1 sandbox:{a}:none MIN',
  ],
  [
    'store places at a neighbour’s',
    'GEOSEARCHSTORE sandbox:{b}:g sandbox:{a}:g FROMLONLAT 0 0 BYRADIUS 1 km',
    'GEOSEARCHSTORE sandbox:{a}:g2 sandbox:{a}:g FROMLONLAT 0 0 BYRADIUS 1 km',
  ],
  [
    'merge a neighbour’s counter',
    'PFMERGE sandbox:{a}:p sandbox:{b}:p',
    'PFMERGE sandbox:{a}:p sandbox:{a}:p2',
  ],
  [
    'count with a neighbour’s counter',
    'PFCOUNT sandbox:{a}:p sandbox:{b}:p',
    'PFCOUNT sandbox:{a}:p sandbox:{a}:p2',
  ],
  [
    'read a neighbour’s stream beside its own',
    'XREAD STREAMS sandbox:{a}:x sandbox:{b}:x 0 0',
    'XREAD STREAMS sandbox:{a}:x 0',
  ],
  [
    'group a neighbour’s stream',
    'XGROUP CREATE sandbox:{b}:x g 0 MKSTREAM',
    'XGROUP CREATE sandbox:{a}:x g 0 MKSTREAM',
  ],
  ['ask about a neighbour’s stream', 'XINFO STREAM sandbox:{b}:x', 'XINFO STREAM sandbox:{a}:x'],
  ['the prefix without its end', 'GET sandbox:{a}', 'GET sandbox:{a}:k'],
  ['the prefix in capitals', 'GET SANDBOX:{a}:k', 'GET sandbox:{a}:k'],
  ['a pattern in the place of a key', 'GET sandbox:*:k', 'GET sandbox:{a}:*'],
];

/** A script of EVAL contains spaces. */
export function words(text: string): string[] {
  const script = /^(EVAL(?:_RO)?) (return .*?) (\d.*)$/.exec(text);
  if (script === null) return text.split(' ');
  const [, verb = '', body = '', rest = ''] = script;
  return [verb, body, ...rest.split(' ')];
}

/** Some errors come from a script, some from checks before the user's rights (DEBUG, MODULE). */
export const REDIS_REFUSAL =
  /NOPERM|ACL|not allowed|The user executing the script can't|WRONGPASS|readonly table|nonexistent global variable|attempt to (call|index) (field|global)/;

export const REDIS_PREPARATION = [
  'SET sandbox:{a}:k x',
  'SET sandbox:{a}:k2 x',
  'RPUSH sandbox:{a}:list 1 2 3',
  'RPUSH sandbox:{a}:list2 1 2 3',
  'SADD sandbox:{a}:s 1',
  'ZADD sandbox:{a}:z 1 x',
  'XADD sandbox:{a}:x 1-1 f v',
];
