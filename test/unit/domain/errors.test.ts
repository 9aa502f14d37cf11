import { describe, expect, it } from 'vitest';
import { invalid, messageOf, unreachable } from '../../../domain/errors.js';

const refused = (port: number): Error => new Error(`connect ECONNREFUSED 127.0.0.1:${port}`);

describe('the text of a failure', () => {
  it.each([
    ['its message', new Error('no room'), 'no room'],
    ['its name where it has no message', new TypeError(), 'TypeError'],
    [
      'each address’s own, where Node tried several',
      new AggregateError([refused(1), refused(2)], ''),
      'connect ECONNREFUSED 127.0.0.1:1; connect ECONNREFUSED 127.0.0.1:2',
    ],
    ['of several that have a message of their own: that', new AggregateError([], 'all'), 'all'],
    ['a thrown text', 'gone', 'gone'],
    ['nothing at all', undefined, 'undefined'],
  ])('is %s', (_what, error, text) => {
    expect(messageOf(error)).toBe(text);
    expect(unreachable('redis', error).message).toBe(`Redis is unreachable: ${text}`);
  });
});

describe('invalid input', () => {
  it.each([
    ['a\nb', String.raw`name "a\nb" is not valid: be short`],
    ['x'.repeat(500), `name "${'x'.repeat(80)}" is not valid: be short`],
    [7, 'name 7 is not valid: be short'],
    [null, 'name null is not valid: be short'],
  ])('%j is shown so that it can be recognised', (value, message) => {
    expect(invalid('name', value, 'be short')).toMatchObject({ code: 'SANDBOX_008', message });
  });
});
