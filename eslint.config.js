// Types and the direction of imports (docs/architecture.md): a room may enter only the rooms listed for it.
import { dirname, relative, resolve, sep } from 'node:path';
import tseslint from 'typescript-eslint';

const ROOMS = {
  domain: [],
  // The catalogue of Discord events: what the tests publish, and `bd sandbox emit`.
  fixtures: [],
  // Discord's own shapes, pure.
  discord: ['domain'],
  platform: ['domain'],
  // The protocol between ingestor, router, worker and readers.
  routing: ['domain', 'discord', 'platform'],
  // Reads a schema of a live database as statements, and applies them: pure Postgres.
  catalogue: ['domain', 'platform'],
  store: ['domain', 'platform', 'routing'],
  // The route table: which guild's events go to which sandbox.
  routes: ['domain', 'platform', 'routing', 'store'],
  resources: ['domain', 'platform', 'routing', 'store', 'catalogue'],
  activities: ['domain', 'platform', 'store', 'routes', 'resources', 'catalogue'],
  migrate: ['domain', 'platform', 'routing'],
  router: ['domain', 'discord', 'platform', 'routing'],
  // Between Discord and us; edge/simulated/ = the Discord of the local stack and of the tests.
  edge: ['domain', 'discord', 'platform'],
  // Workflows are deterministic: of the activities they may import types only (checked by the bundle as well).
  workflows: ['domain', 'activities'],
  workers: [
    ...['domain', 'platform', 'routing', 'store', 'routes', 'resources', 'activities'],
    ...['workflows', 'migrate'],
  ],
  control: [
    ...['domain', 'discord', 'platform', 'routing', 'store', 'routes', 'resources', 'workflows'],
    ...['activities'],
  ],
  // Between HTTP and control/. Its contract is types and schemas alone, for the client as well.
  api: ['domain', 'platform', 'routing', 'discord', 'store', 'control'],
  // The published HTTP client: no server's library, so nothing of the control plane either.
  client: ['domain'],
  // In the bot's own process: nothing of the control plane.
  context: ['domain', 'platform'],
  deploy: ['domain', 'platform', 'routing', 'resources', 'migrate'],
  cli: [
    ...['domain', 'discord', 'platform', 'routing', 'control', 'workers', 'router', 'migrate'],
    ...['deploy', 'fixtures', 'api', 'client', 'edge'],
  ],
};
const ALL = [...Object.keys(ROOMS), 'bench', 'demo', 'examples', 'test'];

const message = (room) =>
  `${room}/ may enter only: ${ROOMS[room].join(', ') || 'no other room'} (docs/architecture.md).`;

/** Where a path given in the source leads; undefined where it is computed, or a package's name. */
function target(source, filename) {
  const given = source?.type === 'TemplateLiteral' ? source.quasis[0].value.cooked : source?.value;
  if (typeof given !== 'string' || !given.startsWith('.')) return undefined;
  return relative(import.meta.dirname, resolve(dirname(filename), given));
}

/** Every form of import, by the file that it reaches, however the path is written. */
const direction = {
  create(context) {
    const room = relative(import.meta.dirname, context.filename).split(sep)[0];
    const check = (source) => {
      const [other] = target(source, context.filename)?.split(sep) ?? [];
      if (other !== room && ALL.includes(other) && !ROOMS[room].includes(other))
        context.report({ node: source, message: message(room) });
    };
    return {
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      TSImportType: ({ source }) => check(source),
      TSExternalModuleReference: ({ expression }) => check(expression),
      'CallExpression[callee.name="require"]': ({ arguments: [source] }) => check(source),
    };
  },
};

const rooms = {
  files: Object.keys(ROOMS).map((room) => `${room}/**/*.ts`),
  plugins: { rooms: { rules: { direction } } },
  rules: { 'rooms/direction': 'error' },
};

const WEB_ONLY = 'client/ and domain/ run in Node, Deno, Bun and browsers alike.';
const NODE_GLOBALS = ['process', 'Buffer', 'global', 'require', 'setImmediate', '__dirname'];

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'node_modules/',
      'coverage/',
      '**/*.js',
      '**/*.mjs',
      '**/*.cjs',
      'vitest.config.ts',
      // Generated (build/client-types.mjs).
      'client/schema.ts',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Enums of gRPC and of nats.js cross as their numbers and texts.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  { files: ['activities/**/*.ts'], rules: { '@typescript-eslint/require-await': 'off' } },
  { files: ['workflows/**/*.ts'], rules: { '@typescript-eslint/only-throw-error': 'off' } },
  // Chai's matchers are bare properties, and a test's helper may be anything.
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  // The published client runs in browsers as well.
  {
    files: ['client/**/*.ts', 'domain/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ group: ['node:*'], message: WEB_ONLY }] }],
      'no-restricted-globals': [
        'error',
        ...NODE_GLOBALS.map((name) => ({ name, message: WEB_ONLY })),
      ],
    },
  },
  rooms,
);
