/** Every query of the Grafana dashboards, with its place. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../platform/project-root.js';

const deploy = join(projectRoot(), 'deploy');

interface Dashboard {
  readonly title: string;
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}
const DASHBOARDS = readdirSync(join(deploy, 'grafana')).map(
  (name) => JSON.parse(readFileSync(join(deploy, 'grafana', name), 'utf8')) as Dashboard,
);
export const QUERIES = DASHBOARDS.flatMap(({ title, panels }) =>
  panels.flatMap((panel) =>
    panel.targets.map(({ expr }) => [`${title} / ${panel.title}`, expr] as const),
  ),
);
