/** Attacks on Redis: what must be refused, and beside it the same on the sandbox's own keys. */

/** Name, attack, control: commands split at spaces. `{a}` is the attacker, `{b}` the victim. */
export const REDIS_ATTACKS: readonly (readonly [string, string, string])[] = [
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
    'COPY sandbox:{a}:k2 sandbox:{a}:c',
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
  [
    'read by a script',
    `EVAL return redis.call('GET','sandbox:{b}:k') 0`,
    `EVAL return redis.call('GET',KEYS[1]) 1 sandbox:{a}:k`,
  ],
  [
    'read by a script that declares it',
    `EVAL return redis.call('GET',KEYS[1]) 1 sandbox:{b}:k`,
    `EVAL_RO return redis.call('GET',KEYS[1]) 1 sandbox:{a}:k`,
  ],
  ['scan by a script', `EVAL return redis.call('SCAN','0') 0`, 'EVAL return 1 0'],
  ['a longer id with the same beginning', 'GET sandbox:{a}x:k', 'GET sandbox:{a}:x:k'],
  ['read the routes', 'HGETALL sandbox:routes:any:map', 'HGETALL sandbox:{a}:h'],
  ['forge a route', 'HSET sandbox:routes:any:map 1 9:{a}', 'HSET sandbox:{a}:h 1 9'],
  ['forge a cached route', 'SET sandbox:route:1 {a}', 'SET sandbox:{a}:route:1 x'],
  ['read the registry', 'HGETALL sandbox:registry', 'HGETALL sandbox:{a}:h'],
  ['bury itself', 'SET sandbox:tombstone:{b} 1', 'SET sandbox:{a}:tombstone 1'],
  ['tell routers of a change', 'PUBLISH sandbox:routes:changed 1', 'PUBLISH sandbox:{a}:c 1'],
  ['publish to a neighbour', 'PUBLISH sandbox:{b}:c x', 'PUBLISH sandbox:{a}:c x'],
  ['scan', 'SCAN 0', 'HSCAN sandbox:{a}:h 0'],
  ['list keys', 'KEYS *', 'EXISTS sandbox:{a}:k'],
  ['draw a key', 'RANDOMKEY', 'TTL sandbox:{a}:k'],
  ['count keys', 'DBSIZE', 'STRLEN sandbox:{a}:k'],
  ['empty the database', 'FLUSHDB', 'UNLINK sandbox:{a}:none'],
  ['empty the server', 'FLUSHALL', 'UNLINK sandbox:{a}:none'],
  ['swap databases', 'SWAPDB 0 1', 'PING'],
  ['use another database', 'SELECT 1', 'PING'],
  ['move a key there', 'MOVE sandbox:{a}:k 1', 'PING'],
  ['track everybody’s keys', 'CLIENT TRACKING ON BCAST', 'CLIENT ID'],
  ['list clients', 'CLIENT LIST', 'CLIENT GETNAME'],
  ['end a client', 'CLIENT KILL TYPE normal', 'CLIENT SETNAME x'],
  ['pause clients', 'CLIENT PAUSE 1', 'PING'],
  ['listen to all commands', 'MONITOR', 'PING'],
  ['flush scripts', 'SCRIPT FLUSH', 'EVAL return 1 0'],
  ['load a function', 'FUNCTION LOAD x', 'EVAL return 1 0'],
  ['read settings', 'CONFIG GET *', 'PING'],
  ['write settings', 'CONFIG SET dir /tmp', 'PING'],
  ['list users', 'ACL LIST', 'PING'],
  ['give itself rights', 'ACL SETUSER sandbox_{a} +@all ~*', 'PING'],
  ['debug', 'DEBUG SLEEP 0', 'PING'],
  ['stop the server', 'SHUTDOWN NOSAVE', 'PING'],
  ['make it a replica', 'REPLICAOF 127.0.0.1 1', 'PING'],
  ['send keys elsewhere', 'MIGRATE 127.0.0.1 1 sandbox:{a}:k 0 10', 'PING'],
  ['load a module', 'MODULE LOAD x', 'PING'],
  ['read figures of the server', 'INFO', 'PING'],
  ['read slow commands', 'SLOWLOG GET', 'PING'],
  ['write the data set to disk', 'BGSAVE', 'PING'],
  ['subscribe to a neighbour', 'SUBSCRIBE sandbox:{b}:c', 'PUBLISH sandbox:{a}:c x'],
  ['subscribe to everything', 'PSUBSCRIBE *', 'PUBLISH sandbox:{a}:c x'],
];

/** EVAL's script holds spaces. */
export function words(text: string): string[] {
  const script = /^(EVAL(?:_RO)?) (return .*?) (\d.*)$/.exec(text);
  if (script === null) return text.split(' ');
  const [, verb = '', body = '', rest = ''] = script;
  return [verb, body, ...rest.split(' ')];
}

export const REDIS_PREPARATION = [
  'SET sandbox:{a}:k x',
  'SET sandbox:{a}:k2 x',
  'RPUSH sandbox:{a}:list 1 2 3',
  'SADD sandbox:{a}:s 1',
];
