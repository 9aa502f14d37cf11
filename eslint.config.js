// Types and the direction of imports (docs/architecture.md): a room may enter only the rooms listed for it.
import tseslint from 'typescript-eslint';

const ROOMS = {
  domain: [],
  discord: [],
  // The catalogue of Discord events: what the tests publish, and `bd sandbox emit`.
  fixtures: [],
  platform: ['domain'],
  store: ['domain', 'platform'],
  resources: ['domain', 'platform', 'store'],
  activities: ['domain', 'platform', 'store', 'resources'],
  migrate: ['domain', 'platform'],
  router: ['domain', 'platform'],
  // Workflows are deterministic: of the activities they may import types only (checked by the bundle as well).
  workflows: ['domain', 'activities'],
  workers: ['domain', 'platform', 'store', 'resources', 'activities', 'workflows', 'migrate'],
  control: ['domain', 'platform', 'store', 'resources', 'workflows', 'activities'],
  // In the bot's own process: nothing of the control plane.
  context: ['domain', 'platform'],
  deploy: ['domain', 'platform', 'migrate'],
  cli: [
    ...['domain', 'discord', 'platform', 'control', 'workers', 'router', 'migrate', 'deploy'],
    'fixtures',
  ],
};
const ALL = [...Object.keys(ROOMS), 'bench', 'demo', 'examples', 'test'];

const rooms = Object.entries(ROOMS).map(([room, allowed]) => ({
  files: [`${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: ALL.filter((other) => other !== room && !allowed.includes(other)).map(
          (other) => ({
            regex: `^(\\.\\./)+${other}/`,
            message: `${room}/ may not import from ${other}/ (docs/architecture.md).`,
          }),
        ),
      },
    ],
  },
}));

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
  ...rooms,
);
