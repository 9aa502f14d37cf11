// `npm run test:deploy`: the tests (`*.tools.test.ts`) that need extra tools. It fails if a tool is
// missing.
import { spawnSync } from 'node:child_process';
import { installed, run } from './installed.mjs';

const TOOLS = [
  ['promtool', 'apt-get install prometheus'],
  ['prometheus', 'apt-get install prometheus'],
  ['terraform', 'its release page'],
  ['kubernetes-validate', 'pip install kubernetes-validate'],
  ['helm', 'go install helm.sh/helm/v3/cmd/helm@v3.19.0'],
  ['tmux', 'apt-get install tmux'],
  ['pgbouncer', 'apt-get install pgbouncer'],
  ['deno', 'npm install --global deno'],
  ['bun', 'npm install --global bun'],
  ['chromium', 'apt-get install chromium'],
  ['docker-compose', 'Docker Compose, or apt-get install docker-compose'],
];
// Debian installs servers' programs outside a user's PATH.
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin` };
const missing = TOOLS.filter(([tool]) => spawnSync('which', [tool], { env }).status !== 0);
for (const [tool, from] of missing) console.error(`${tool} is not installed (${from})`);
if (missing.length > 0) process.exit(1);
installed();
run('node_modules/.bin/vitest', ['run', 'tools', ...process.argv.slice(2)], {
  ...process.env,
  DEPLOY_TOOLS: '1',
});
