import { describe, expect, it } from 'vitest';
import { jsonLine, textLine } from '../../../cli/tail/lines.js';
import type { SandboxEvent } from '../../../domain/events.js';

function event(payload: string, type = 'MESSAGE_CREATE'): SandboxEvent {
  const time = '2026-11-28T12:34:56.789Z';
  return {
    ...{ sequence: 1, rawSequence: 1, time, family: 'events' },
    type,
    guildId: null,
    payload,
  };
}
const io = (columns?: number) =>
  ({
    stdout: { isTTY: columns !== undefined, columns },
    stderr: {},
    env: { NO_COLOR: '1' },
  }) as never;
const message = (content: string): string =>
  JSON.stringify({
    t: 'MESSAGE_CREATE',
    d: { author: { global_name: 'Wren' }, channel_id: '4', content },
  });

describe('an event in one line', () => {
  it('has time, type, author, channel and content', () => {
    expect(textLine(io(), event(message('hello')))).toBe(
      '12:34:56.789 MESSAGE_CREATE Wren #4 hello',
    );
  });

  it('is cut on a terminal, and complete through a pipe', () => {
    const long = event(message('x'.repeat(300)));
    expect(textLine(io(60), long)).toHaveLength(60);
    expect(textLine(io(), long)).toContain('x'.repeat(300));
    expect(textLine(io(), event(message('x'.repeat(1_000_000))))).toHaveLength(5_000 + 36);
  });

  it('stays one line without control characters, whatever its author wrote', () => {
    const line = textLine(io(), event(message('a\n\u001b[31mb\u0007\u202ec\u2028d')));
    expect(line).toMatch(/ a \[31mb c d$/);
  });

  it('is the text of a payload that is no object', () => {
    expect(textLine(io(), event('[1,2]'))).toBe('12:34:56.789 MESSAGE_CREATE [1,2]');
    expect(textLine(io(), event('{"d":{"token":"secret"'))).not.toContain('secret');
  });

  it('never shows a token, for people or as JSON', () => {
    const payload = JSON.stringify({
      t: 'INTERACTION_CREATE',
      d: { token: 'secret', data: { name: 'rank' } },
    });
    const interaction = event(payload, 'INTERACTION_CREATE');
    expect(textLine(io(), interaction)).toBe('12:34:56.789 INTERACTION_CREATE /rank');
    expect(JSON.parse(jsonLine(interaction))).toMatchObject({
      payload: { d: { token: '[redacted]', data: { name: 'rank' } } },
    });
    expect(jsonLine(event('{"d":{"token":"secret"'))).not.toContain('secret');
  });

  it('does not fail on endless nesting', () => {
    const deep = `{"token":"secret","a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    const shown = JSON.parse(jsonLine(event(deep))) as { payload: unknown };
    expect(shown.payload).toEqual(expect.stringContaining('[redacted]'));
    expect(textLine(io(), event(deep))).not.toContain('secret');
  });
});
