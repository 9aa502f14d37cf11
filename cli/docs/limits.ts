/** The generated part of docs/isolation.md: each resource's limits. */
import { resourceLimits } from '../../control/environment.js';

export function limitTable(): string {
  const rows = resourceLimits().map(({ what, limit, raisable }) => {
    const answer = raisable === null ? '–' : raisable ? 'yes' : 'no';
    return `| ${what} | ${limit} | ${answer} |`;
  });
  return ['| resource | limit | can the tenant raise it? |', '| --- | --- | --- |', ...rows].join(
    '\n',
  );
}
