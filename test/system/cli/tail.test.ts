/** When `bd sandbox tail` waits, when it ends, and which events it shows. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { bd } from '../../support/bd.js';
import { sandboxWithGuild, startTail } from '../../support/tail.js';
import { until } from '../../support/stack.js';

describe('bd sandbox tail', () => {
  it('without --follow shows stored events, the last ones or all since a time, and ends', async () => {
    const { name } = await sandboxWithGuild();
    const emit = (event: string, content: string) =>
      bd(['sandbox', 'emit', event, '--to', name, '--set', `content=${content}`]);
    const tail = async (...more: string[]) => {
      const ran = await bd(['sandbox', 'tail', name, '--no-follow', ...more]);
      expect(ran.code, ran.stderr).toBe(0);
      return { ...ran, lines: ran.stdout.split('\n').filter((line) => line !== '') };
    };
    const empty = await tail();
    expect([empty.stdout, empty.stderr]).toEqual(['', `No such events of ${name} are stored.\n`]);
    for (let i = 1; i <= 12; i += 1) await emit('message-create', `m${i}`);
    await emit('interaction-slash-command', 'none');
    await until('all are stored', async () => (await tail('--since', '5m')).lines.length === 13);
    const last = await tail('--type', 'message_create', '--limit', '2');
    expect(last.lines.map((line) => line.split(' ').at(-1))).toEqual(['m11', 'm12']);
    expect(last.stderr).toBe('');
    expect((await tail()).lines).toHaveLength(10);
    const since = await tail('--since', '5m', '--limit', '2');
    expect(since.lines.map((line) => line.split(' ').at(-1))).toEqual(['m1', 'm2']);
    const interaction = await tail('--limit', '1', '--json');
    expect(JSON.parse(interaction.stdout)).toMatchObject({
      type: 'INTERACTION_CREATE',
      payload: { d: { token: '[redacted]' } },
    });
  });

  it('finds a sandbox’s last events before thousands of others', async () => {
    const { client, sandbox, name } = await sandboxWithGuild();
    const other = await sandboxWithGuild();
    const emit = (to: string, count: string) =>
      bd(['sandbox', 'emit', 'message-create', '--to', to, '--count', count]);
    expect((await emit(name, '3')).code).toBe(0);
    expect((await emit(other.name, '3000')).code).toBe(0);
    const signal = new AbortController().signal;
    const seen: number[] = [];
    for await (const { sequence } of client.storedEvents(sandbox.id, { signal }))
      seen.push(sequence);
    expect(seen).toHaveLength(3);
    expect(seen).toEqual([...seen].sort((a, b) => b - a));
    const { stdout } = await bd(['sandbox', 'tail', name, '--no-follow', '--limit', '2', '--json']);
    expect(stdout.trim().split('\n')).toHaveLength(2);
  });

  it('reports at once that it waits, also if a limit is set and nothing is stored', async () => {
    const { name } = await sandboxWithGuild();
    const { child, output } = startTail([name, '--limit', '1', '--since', '1h']);
    await until('it says so', () => Promise.resolve(output.stderr.includes('Waiting for events')));
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(output.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('does not wait for events of a destroyed sandbox', async () => {
    const { client, sandbox } = await sandboxWithGuild();
    await client.destroy(sandbox.id);
    await client.waitUntilDestroyed(sandbox.id);
    const ran = await bd(['sandbox', 'tail', sandbox.id]);
    expect([ran.code, ran.stdout]).toEqual([5, '']);
    expect(ran.stderr).toMatch(/^SANDBOX_007 .* is destroyed: no more events come/);
    expect((await bd(['sandbox', 'tail', sandbox.id, '--no-follow'])).code).toBe(0);
  });
});
