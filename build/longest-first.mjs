// The order of test files in a run: the long ones first, so that both stacks (build/whole.mjs) end
// at the same time. Without a record of an earlier run, vitest takes the largest files first, but
// test/system/catalogue/large.test.ts has thirty lines and takes two minutes.
import { BaseSequencer } from 'vitest/node';

/** More than a minute each on a slow machine, the longest first. */
const LONG = [
  ...['docs/commands', 'cli/events', 'cli/results', 'docs/first-day', 'cli/dev', 'deploy/setup'],
  ...['cli/commands', 'stack/deaths', 'catalogue/large', 'router/lost-answers'],
  ...['control/busy-workers', 'templates/hostile', 'lifecycle/hostile-settings', 'cli/both-ways'],
].map((name) => `test/system/${name}.test.ts`);

const placeOf = ({ moduleId }) => {
  const place = LONG.findIndex((path) => moduleId.endsWith(`/${path}`));
  return place === -1 ? LONG.length : place;
};

export default class LongestFirst extends BaseSequencer {
  async sort(files) {
    const sorted = await super.sort(files);
    const groupOf = ({ project }) => project.config.sequence.groupOrder;
    return sorted.sort((a, b) => groupOf(a) - groupOf(b) || placeOf(a) - placeOf(b));
  }
}
