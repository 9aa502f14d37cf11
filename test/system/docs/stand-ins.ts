/**
 * Stand-ins for other projects' command-line tools, for machines without them. Each does on the
 * real servers what the documentation asks of the tool, and refuses everything else.
 */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseNatsUrl } from '../../../platform/nats.js';

const [tool = '', ...args] = process.argv.slice(2);

function after(option: string): string {
  const at = args.indexOf(option);
  const value = at < 0 ? undefined : args[at + 1];
  if (value === undefined) throw new Error(`${tool}: ${option} is missing in ${args.join(' ')}`);
  return value;
}

const TOOLS: Readonly<Record<string, () => Promise<void>>> = {
  async psql() {
    const { default: postgres } = await import('postgres');
    const sql = postgres(args[0] ?? '', { max: 1, onnotice: () => undefined });
    const asked = args.includes('-c') ? after('-c') : await text(process.stdin);
    const rows = asked.trim() === '' ? [] : await sql.unsafe(asked);
    for (const row of rows) console.log(Object.values(row).join(' | '));
    await sql.end();
  },

  async 'redis-cli'() {
    const { Redis } = await import('ioredis');
    const redis = new Redis(after('-u'));
    if (args.includes('--scan')) {
      for await (const keys of redis.scanStream({ match: after('--pattern') }) as AsyncIterable<
        string[]
      >)
        for (const key of keys) console.log(key);
    } else {
      const [command = '', ...rest] = args.slice(2);
      console.log(await redis.call(command, ...rest));
    }
    redis.disconnect();
  },

  async nats() {
    const { connect, credsAuthenticator } = await import('nats');
    // As the real tool: the credentials file comes before a login in the address.
    const { NATS_URL = '', NATS_CREDS = '' } = process.env;
    const authenticator = credsAuthenticator(await readFile(NATS_CREDS));
    const nc = await connect({ servers: parseNatsUrl(NATS_URL).servers, authenticator });
    const [what, verb, stream = '', consumer = '', force] = args;
    if (`${what} ${verb} ${force}` !== 'consumer rm --force')
      throw new Error(`nats: ${args.join(' ')}`);
    await (await nc.jetstreamManager()).consumers.delete(stream, consumer);
    await nc.close();
  },

  async jq() {
    const field = /^\.(\w+)$/.exec(args[0] ?? '')?.[1];
    if (field === undefined) throw new Error(`jq: ${args.join(' ')}`);
    let rest = '';
    for await (const chunk of process.stdin.setEncoding('utf8')) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const document = JSON.parse(line) as Record<string, unknown>;
        console.log(JSON.stringify(document[field], null, 2));
      }
    }
  },
};

const run = TOOLS[tool];
if (run === undefined) throw new Error(`no stand-in for ${tool}`);
await run();
