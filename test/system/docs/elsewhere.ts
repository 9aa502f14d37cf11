/**
 * Documented commands that commands.test.ts does not type, with the file that runs each or keeps it
 * correct.
 */

import { CLIENT_EXAMPLES, commandOf } from '../../../cli/docs/connect.js';

interface Elsewhere {
  /** Path from the project's root. */
  readonly file: string;
  /** A text of that file that proves it. */
  readonly holding: string;
}

const script = (name: string, command: string): Elsewhere => ({
  file: 'package.json',
  holding: `"${name}": "${command}`,
});
/** This test run. */
const npmTest = script('test', 'node build/test.mjs');
/** The package is packed, with its dependencies. */
const contextPackage: Elsewhere = {
  file: 'test/system/docs/installed.test.ts',
  holding: 'await installPackedContext()',
};
const deployTools: Elsewhere = {
  file: 'test/system/deploy/files.tools.test.ts',
  holding: "spawnSync('terraform'",
};
const compose: Elsewhere = {
  file: 'test/system/deploy/files.tools.test.ts',
  holding: "spawnSync('docker-compose'",
};
const evaluated: Elsewhere = {
  file: 'test/system/isolation/eval.test.ts',
  holding: 'prints nothing that could be evaluated on failure',
};
const benchmark: Elsewhere = { file: 'bench/main.ts', holding: 'lifecycle: async () =>' };
const firstDay: Elsewhere = {
  file: 'test/system/docs/first-day.test.ts',
  holding: 'ends with a stop that leaves nothing',
};
/** Programs for other clients, each run as its page says. */
const clients: Elsewhere = {
  file: 'test/system/examples/clients.test.ts',
  holding: 'CLIENT_EXAMPLES.filter(({ file }) =>',
};
const python: Elsewhere = { file: 'test/support/python.ts', holding: "'--require-hashes'" };
/** Migrations of other tools, typed as their page says; Prisma's engine cannot be downloaded. */
const migrations: Elsewhere = {
  file: 'test/system/examples/migrations.test.ts',
  holding: 'linesOf(PAGE, section)',
};
const prisma: Elsewhere = { ...migrations, holding: '`prisma migrate deploy` itself is not run' };
/** On four servers of its own. */
const setup = (holding: string): Elsewhere => ({
  file: 'test/system/deploy/setup.test.ts',
  holding,
});
const chart: Elsewhere = {
  file: 'test/system/deploy/files.tools.test.ts',
  holding: "spawnSync('helm'",
};
/** The runbook's drill, typed by that test. */
const restarts: Elsewhere = {
  file: 'docs/sandbox-runbook.md',
  holding: '\nbd dev restart postgres',
};

export const ELSEWHERE: Readonly<Record<string, Elsewhere>> = {
  // Commands of npm, for the checkout.
  'npm ci': { file: 'build/installed.mjs', holding: "npm('ci'" },
  'npm test': npmTest,
  'npm test -- test/system/cli': npmTest,
  'npm test -- test/system/cli --coverage': npmTest,
  'npm test -- --coverage': npmTest,
  'npx vitest run test/system/attacks': {
    file: 'test/system/attacks/attacks.test.ts',
    holding: 'it',
  },
  'npm run build': { file: 'build/installed.mjs', holding: "npm('run', '--silent', 'build')" },
  'npm run generate': { file: 'test/unit/docs/docs.test.ts', holding: 'generatedFiles(read)' },
  'npm run db:migrate': script('db:migrate', 'node dist/cli/main.js migrate'),
  'npm run test:unit': script('test:unit', 'vitest run --project unit'),
  'npm run test:deploy': script('test:deploy', 'node build/test-deploy.mjs'),
  // It needs pg_dump of the server's version.
  'npm run test:postgres': script('test:postgres', 'node build/test-postgres.mjs'),
  'npm run compose:secrets': {
    file: 'test/system/deploy/files.test.ts',
    holding: 'writeSecrets(folder)',
  },
  // These take minutes; their short forms are tests.
  'npm run demo': script('demo', 'node build/demo.mjs'),
  'npm run demo -- --keep': script('demo', 'node build/demo.mjs'),
  'npm run bench': benchmark,
  'npm run bench -- lifecycle': benchmark,
  'npm run bench -- churn': benchmark,
  'npm run bench -- idle': benchmark,
  'npm run bench -- scale': benchmark,
  'npm run bench -- data': benchmark,
  'npm run bench -- router': benchmark,
  'npm run bench -- api': benchmark,
  'npm run faults': { file: 'test/system/faults/faults.test.ts', holding: 'runCell' },
  'npm run faults -- --kills 200 --seed 377867': {
    file: 'test/system/faults/faults.test.ts',
    holding: 'runCell',
  },
  'npm run chaos -- --seed N': { file: 'test/system/chaos/chaos.test.ts', holding: 'runChaos' },
  'npm run recording': script('recording', 'node build/fresh.mjs && node build/recording.mjs'),
  'npm run schema': {
    file: 'test/system/store/current-schema.test.ts',
    holding: 'toMatchFileSnapshot',
  },
  'npm run pack:context': contextPackage,
  'npm install ./discord-server-sandboxes-context-0.1.0.tgz': contextPackage,
  'npm run histories': { file: 'test/system/lifecycle/record-histories.test.ts', holding: 'it(' },
  'UPDATES=3000 npm test -- test/system/lifecycle/continue-as-new': {
    file: 'test/system/lifecycle/continue-as-new.test.ts',
    holding: 'process.env.UPDATES',
  },
  'FLIPS=1000 npm test -- test/system/router/barrier.test.ts test/system/router/product.test.ts': {
    file: 'test/system/router/product.test.ts',
    holding: 'FLIPS',
  },
  // Tools that a bare machine does not have: `npm run test:deploy`.
  'terraform -chdir=deploy/terraform init': deployTools,
  'terraform -chdir=deploy/terraform test': deployTools,
  'terraform -chdir=deploy/terraform apply': deployTools,
  'terraform fmt': deployTools,
  'terraform validate': deployTools,
  'docker compose -f deploy/compose.yaml --env-file deploy/compose/secrets/env up --build': compose,
  'docker compose -f deploy/compose.yaml --env-file deploy/compose/secrets/env run --rm bd doctor':
    compose,
  'bd setup <folder>': setup('await succeeds(team.setup())'),
  'bd setup ./team --apply': setup("team.setup('--apply')"),
  'bd setup ./team --rotate master-secret': setup("team.setup('--rotate', 'master-secret')"),
  'bd setup ./team --rotate nats-operator': setup("team.setup('--rotate', 'nats-operator')"),
  'bd setup ./team --rotate nats-operator --finish': setup(
    "team.setup('--rotate', 'nats-operator', '--finish')",
  ),
  'for name in worker router api admin; do kubectl create secret generic sandboxes-$name --from-env-file=team/$name.env; done':
    setup("/** An environment's file, as a container engine reads it. */"),
  'helm install sandboxes deploy/helm --set api.ingress.enabled=true,api.ingress.host=sandboxes.example,api.ingress.tlsSecret=sandboxes-tls':
    chart,
  'bd api': { file: 'test/system/api/server.test.ts', holding: "bd(['api']" },
  'curl -sH "Authorization: Bearer $SANDBOX_TOKEN" "$SANDBOX_API_URL/v1/sandboxes"': {
    file: 'test/system/api/replicas.test.ts',
    holding: 'GET /v1/sandboxes?owner=',
  },
  // Quoted as a warning, or as a word.
  'eval "$(…)" && bot': evaluated,
  'eval "$(bd sandbox connect x)" && bot': evaluated,
  'eval "$(bd sandbox connect x)"': evaluated,
  'bd sandbox exec x -- bot': {
    file: 'test/system/isolation/exec.test.ts',
    holding: 'runs nothing without a sandbox',
  },
  ...Object.fromEntries(CLIENT_EXAMPLES.map((example) => [commandOf(example), clients])),
  'python3 -m venv .venv': python,
  '.venv/bin/pip install --require-hashes -r examples/clients/requirements.txt': python,
  'kill -9': { file: 'docs/sandbox-runbook.md', holding: '\nkill -9 <pid of worker>' },
  // Tools of a bot (docs/templates.md).
  "bd sandbox create my-fix --template empty --then 'npx knex migrate:latest --knexfile examples/migrations/knex/knexfile.mjs'":
    migrations,
  "bd sandbox create my-fix --template empty --then 'node examples/migrations/drizzle/migrate.mjs'":
    migrations,
  "bd sandbox create my-fix --template empty --then '.venv/bin/alembic -c examples/migrations/alembic/alembic.ini upgrade head'":
    migrations,
  "bd sandbox create my-fix --template empty --then 'npx prisma migrate deploy --config examples/migrations/prisma/prisma.config.mjs'":
    prisma,
  '.venv/bin/pip install --require-hashes -r examples/migrations/alembic/requirements.txt': python,
  // Typed on the stack of first-day.test.ts, because they stop or restart something.
  'bd dev down': firstDay,
  // This command would remove the run's stack.
  'bd dev down --purge --yes': {
    file: 'test/system/cli/dev.test.ts',
    holding: "'--purge', '--yes'",
  },
  'bd dev restart <service>': restarts,
  'bd dev restart worker': restarts,
  'bd dev restart router': restarts,
};
