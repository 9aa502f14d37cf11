import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { workflowUrl } from '../../../cli/commands/open.js';
import { ACTOR_KINDS, ROLES, VIAS } from '../../../domain/actor.js';
import { AUDIT_EVENTS } from '../../../domain/audit.js';
import { bd } from '../../support/bd.js';
import { openClient, someName, someOwner, stackState } from '../../support/stack.js';

const entry = z.strictObject({
  time: z.iso.datetime(),
  sandboxId: z.string(),
  event: z.enum(AUDIT_EVENTS),
  actor: z.string(),
  kind: z.enum(ACTOR_KINDS),
  role: z.enum(ROLES),
  via: z.enum(VIAS),
  details: z.record(z.string(), z.unknown()),
});

describe('bd sandbox logs', () => {
  it('shows every change in order, also of a destroyed sandbox by its id', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id, name } = await client.create({ name: someName(), ttl: '10m' });
    await client.extend(name, '5m');
    await client.destroy(name);
    const ran = await bd(['sandbox', 'logs', id, '--json']);
    expect(ran.code, ran.stderr).toBe(0);
    const events = z.array(entry).parse(JSON.parse(ran.stdout));
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['sandbox_created', 'ttl_extended', 'sandbox_destroying']),
    );
    expect(events.map(({ time }) => time)).toEqual(events.map(({ time }) => time).sort());
    const text = await bd(['sandbox', 'logs', id, '--event', 'status_changed']);
    expect(text.stdout).toContain('creating → running');
    expect(text.stdout).not.toContain('ttl_extended');
  });

  it('exits with 4 for an unknown sandbox', async () => {
    expect((await bd(['sandbox', 'logs', someName()])).code).toBe(4);
  });
});

describe('bd sandbox open', () => {
  it('prints the address of its workflow, which the Web UI serves', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id, name } = await client.create({ name: someName(), ttl: '10m' });
    const ran = await bd(['sandbox', 'open', name]);
    const url = `${stackState().temporal.uiUrl ?? ''}/namespaces/default/workflows/sandbox-${id}`;
    expect(ran.stdout).toBe(`${url}\n`);
    expect(JSON.parse((await bd(['sandbox', 'open', id, '--json'])).stdout)).toEqual({ url });
    expect((await fetch(url)).status).toBe(200);
    await client.destroy(id);
  });

  it('takes another Web UI from TEMPORAL_UI_URL, and quotes the parts of the path', () => {
    expect(workflowUrl('https://ui.example/x/', 'a b', 'w')).toBe(
      'https://ui.example/x/namespaces/a%20b/workflows/w',
    );
  });
});
