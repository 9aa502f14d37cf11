import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { replayFailures } from '../../support/replay.js';

const FOLDER = new URL('./histories/', import.meta.url);

/**
 * The SDK's own reader of JSON histories fails ("type must be a Type") if npm gives each of its
 * packages a protobufjs, as it does beside another major version. The copy that made the types
 * reads them.
 */
const requireHere = createRequire(import.meta.url);
const requireOfProto = createRequire(requireHere.resolve('@temporalio/proto'));
const { temporal } = requireHere('@temporalio/proto') as {
  temporal: { api: { history: { v1: { History: object } } } };
};
const { fromJson } = requireOfProto('protobufjs/ext/protojson') as {
  fromJson: (type: object, json: unknown) => unknown;
};

interface Recorded {
  events: unknown[];
}

function recorded(): { workflowId: string; history: Recorded }[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return files.map((file) => ({
    workflowId: file.replace('.json', ''),
    history: JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Recorded,
  }));
}

/** The kinds whose history today's workflow code does not replay, with the reason. */
async function unfaithful(histories: ReturnType<typeof recorded>): Promise<Record<string, string>> {
  const reasons: Record<string, string> = {};
  for (const { workflowId: kind, history } of histories) {
    // A run belongs to the sandbox that its id names.
    const [, workflowId = ''] = /"workflowId":"([^"]+)"/.exec(JSON.stringify(history)) ?? [];
    const one = { workflowId, history: fromJson(temporal.api.history.v1.History, history) };
    for (const reason of Object.values(await replayFailures([one]))) reasons[kind] = reason;
  }
  return reasons;
}

describe('recorded histories', () => {
  it('of each kind of life are replayed by the shipped bundle', async () => {
    const histories = recorded();
    expect(histories.map(({ workflowId }) => workflowId)).toEqual(
      expect.arrayContaining([
        'cancelled',
        'clean-up-retried',
        'continued-as-new',
        'continued-as-new.2',
        'create-failed',
        'destroyed',
        'destroyed-while-creating',
        'expired',
        'extended',
        'guilds',
        'guilds-settled',
        'refused',
        'reset',
        'revived',
        'revived.2',
      ]),
    );
    expect(await unfaithful(histories)).toEqual({});
  });

  it('of other code are refused: the replay can fail', async () => {
    const expired = recorded().find(({ workflowId }) => workflowId === 'expired');
    // As if that release had run another step in place of the claim.
    const text = JSON.stringify(expired?.history);
    const renamed = text.replaceAll(/[A-Za-z0-9+/]{40,}={0,2}/g, (payload) => {
      const inner = Buffer.from(payload, 'base64').toString('latin1');
      if (!inner.includes('"activity_type":"claim"')) return payload;
      const other = inner.replace('"activity_type":"claim"', '"activity_type":"other"');
      return Buffer.from(other, 'latin1').toString('base64');
    });
    expect(renamed).not.toBe(text);
    const { events } = JSON.parse(renamed) as Recorded;
    const failures = await unfaithful([{ workflowId: 'expired', history: { events } }]);
    expect(Object.keys(failures)).toEqual(['expired']);
  });
});
