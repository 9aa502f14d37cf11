// Sets and reads a key of the sandbox, and listens on one of its channels.
import { Redis } from 'ioredis';

const prefix = process.env.SANDBOX_REDIS_PREFIX;
const redis = new Redis(process.env.REDIS_URL, {
  // Goes before each key, but not before channels.
  keyPrefix: prefix,
  // The check needs INFO, which shows the whole server and is refused. ioredis would print a
  // warning.
  enableReadyCheck: false,
});
await redis.set('greeting', 'hello', 'EX', 60);
console.log('greeting:', await redis.get('greeting'));

const listener = redis.duplicate();
const heard = new Promise((resolve) => {
  listener.on('message', (channel, text) => resolve(text));
});
await listener.subscribe(`${prefix}news`);
await redis.publish(`${prefix}news`, 'it works');
console.log('news:', await heard);

await Promise.all([redis.quit(), listener.quit()]);
