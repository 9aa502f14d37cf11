import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';

const FOLDER = new URL('./histories/', import.meta.url);
const BUNDLE = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));

interface Recorded {
  events: { eventType: string; timerStartedEventAttributes?: { timerId: string } }[];
}

function recorded(): { workflowId: string; history: Recorded }[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return files.map((file) => ({
    workflowId: file.replace('.json', ''),
    history: JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Recorded,
  }));
}

/** The kinds whose history today's workflow code would not have written, with the reason. */
async function unfaithful(
  histories: { workflowId: string; history: unknown }[],
): Promise<Record<string, string>> {
  const options = { workflowBundle: { codePath: BUNDLE } };
  const failures: Record<string, string> = {};
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    if (error !== undefined) failures[workflowId] = error.message;
  }
  return failures;
}

describe('recorded histories', () => {
  it('of each kind of life are replayed by the bundle that is shipped', async () => {
    const histories = recorded();
    expect(histories.map(({ workflowId }) => workflowId)).toEqual(
      expect.arrayContaining([
        'cancelled',
        'clean-up-retried',
        'continued-as-new',
        'continued-as-new.2',
        'destroyed',
        'destroyed-while-creating',
        'expired',
        'extended',
        'guilds',
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
    const events = expired?.history.events ?? [];
    const timer = events.find(({ eventType }) => eventType === 'EVENT_TYPE_TIMER_STARTED');
    expect(timer).toBeDefined();
    // As if that release had not slept under a timer but under another command.
    if (timer?.timerStartedEventAttributes) timer.timerStartedEventAttributes.timerId = '99';
    const failures = await unfaithful([{ workflowId: 'expired', history: { events } }]);
    expect(Object.keys(failures)).toEqual(['expired']);
  });
});
