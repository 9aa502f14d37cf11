/** build/fresh.mjs, with a small test project: a stale build is rebuilt or refused, never run. */
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';
import { ownFolder } from '../../support/folder.js';

const FILES = {
  'package.json': JSON.stringify({
    type: 'module',
    scripts: {
      build:
        'echo built >> builds.log && node_modules/.bin/tsc -p tsconfig.json && node bundle.mjs',
    },
  }),
  'package-lock.json': '{}',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      ...{
        module: 'NodeNext',
        rootDir: '.',
        outDir: 'dist',
        incremental: true,
        types: [],
        noLib: true,
      },
      tsBuildInfoFile: 'dist/.tsbuildinfo',
    },
    include: ['*.ts', 'room', 'test'],
    exclude: ['left-out.ts'],
  }),
  'bundle.mjs':
    "import { writeFileSync } from 'node:fs'; writeFileSync('dist/workflow-bundle.js', '');",
  'left-out.ts': 'export const never = 1;',
  'index.ts': "export * from './room/a.js';",
  'room/a.ts': "import { b } from '../listed-nowhere/b.js'; export const a = b;",
  'listed-nowhere/b.ts': 'export const b = 1;',
  'test/a.test.ts': 'export {};',
  // The library check takes the compiler seconds.
  'globals.d.ts': ['Array<T> { x: T }', 'Boolean', 'CallableFunction', 'Function', 'IArguments']
    .concat(['NewableFunction', 'Number', 'Object', 'RegExp', 'String'])
    .map((name) => (name.endsWith('}') ? `interface ${name}` : `interface ${name} {}`))
    .join('\n'),
};

function project() {
  const root = ownFolder();
  const at = (path: string): string => join(root, path);
  for (const folder of ['room', 'test', 'listed-nowhere', 'build', 'node_modules/.bin'])
    mkdirSync(at(folder), { recursive: true });
  for (const [path, text] of Object.entries(FILES)) writeFileSync(at(path), text);
  for (const name of ['fresh.mjs', 'installed.mjs'])
    cpSync(join(projectRoot(), 'build', name), at(`build/${name}`));
  symlinkSync(join(projectRoot(), 'node_modules/typescript/bin/tsc'), at('node_modules/.bin/tsc'));
  const args = [at('build/fresh.mjs')];
  return {
    at,
    /** Exit code and output. */
    ensure: () => {
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      return [status, stderr.trim()] as const;
    },
    ensureBesideOthers: () =>
      new Promise<number | null>((resolve) => spawn(process.execPath, args).on('close', resolve)),
    builds: () => {
      const log = existsSync(at('builds.log')) ? readFileSync(at('builds.log'), 'utf8') : '';
      return log.split('\n').length - 1;
    },
  };
}

const BUILDING = 'dist is older than the sources: npm run build';

describe('a stale build', () => {
  it('is rebuilt, once, after a source was changed, added or removed', () => {
    const { at, ensure, builds } = project();
    const built = (times: number): void => {
      expect([ensure(), builds()]).toEqual([[0, BUILDING], times]);
      expect([ensure(), builds()]).toEqual([[0, ''], times]);
    };
    built(1);
    appendFileSync(at('room/a.ts'), '\nexport const more = 2;');
    built(2);
    appendFileSync(at('listed-nowhere/b.ts'), '\nexport const more = 2;');
    built(3);
    writeFileSync(at('room/c.ts'), 'export {};');
    built(4);
    rmSync(at('room/c.ts'));
    built(5);
    writeFileSync(at('package-lock.json'), '{ }');
    built(6);
    rmSync(at('dist/workflow-bundle.js'));
    built(7);
  });

  it('includes the state after `tsc --noEmit`, which updates the build record and writes no output', () => {
    const { at, ensure, builds } = project();
    ensure();
    appendFileSync(at('room/a.ts'), '\nexport const more = 2;');
    spawnSync(at('node_modules/.bin/tsc'), ['-p', at('tsconfig.json'), '--noEmit']);
    expect(readFileSync(at('dist/room/a.js'), 'utf8')).not.toContain('more');
    expect([ensure(), builds()]).toEqual([[0, BUILDING], 2]);
    expect(readFileSync(at('dist/room/a.js'), 'utf8')).toContain('more');
  });

  it('is refused while it cannot be rebuilt', () => {
    const { at, ensure } = project();
    ensure();
    const whole = readFileSync(at('room/a.ts'), 'utf8');
    writeFileSync(at('room/a.ts'), `${whole}\nexport const wrong: string = 1;`);
    for (let i = 0; i < 2; i++) {
      const [status, text] = ensure();
      expect(status).toBe(1);
      expect(text).toMatch(
        /^dist is older.*\n(.*\n)*The build failed, and a stale one is not run\.$/,
      );
    }
    writeFileSync(at('room/a.ts'), whole);
    expect(ensure()).toEqual([0, BUILDING]);
  });

  it('is rebuilt by one of several processes, even if a killed process has left its lock', async () => {
    const { at, ensureBesideOthers, builds } = project();
    mkdirSync(at('node_modules/.building'));
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(at('node_modules/.building/pid'), String(pid));
    const codes = await Promise.all([1, 2, 3].map(ensureBesideOthers));
    expect([codes, builds()]).toEqual([[0, 0, 0], 1]);
    expect(existsSync(at('node_modules/.building'))).toBe(false);
  });
});

it('a build stays fresh if sources are only touched or a test file changes, since vitest runs tests from source', () => {
  const { at, ensure, builds } = project();
  ensure();
  const later = Date.now() / 1_000 + 60;
  utimesSync(at('room/a.ts'), later, later);
  appendFileSync(at('test/a.test.ts'), '\nexport const more = 2;');
  expect([ensure(), builds()]).toEqual([[0, ''], 1]);
});

it('each script of package.json that runs `dist` checks it first, and so does vitest for every project', () => {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const running = ['bench', 'chaos', 'faults', 'generate', 'compose:secrets'];
  for (const name of running) expect(scripts[name], name).toMatch(/^node build\/fresh\.mjs && /);
  const config = readFileSync(join(projectRoot(), 'vitest.config.ts'), 'utf8');
  expect(config.match(/extends: true/g)?.length).toBe(
    config.match(/globalSetup: \[FRESH/g)?.length,
  );
});
