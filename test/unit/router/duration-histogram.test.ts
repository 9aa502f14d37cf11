import { expect, it } from 'vitest';
import { DurationHistogram } from '../../../router/duration-histogram.js';

it('durations beyond the last bucket count only in the sum and in +Inf', () => {
  const histogram = new DurationHistogram();
  histogram.observe('production', 60, 2);
  const text = histogram.text();
  expect(text).toContain('le="10"} 0\n');
  expect(text).toContain('le="+Inf"} 2\n');
  expect(text).toContain('_sum{sandbox_id="production"} 120\n');
});
