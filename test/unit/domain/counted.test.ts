import { expect, it } from 'vitest';
import { counted } from '../../../domain/counted.js';

it('gives one thing its singular, and none or several the plural', () => {
  expect([0, 1, 2].map((count) => counted(count, 'guild'))).toEqual([
    ...['0 guilds', '1 guild', '2 guilds'],
  ]);
  expect(counted(2, 'sandbox', 'sandboxes')).toBe('2 sandboxes');
});
