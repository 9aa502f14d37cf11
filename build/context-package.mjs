// `npm run pack:context`: packs the bot's side alone, without Temporal and the Postgres server. The
// package has index.ts, every file that it imports, and the packages that those files import.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
export const NAME = 'discord-server-sandboxes-context';
// `import 'x'`, `… from 'x'` and `import('x')`, in JavaScript and in declarations.
const IMPORT = /(?:\bfrom |\bimport ?\(?)['"]([^'"]+)['"]/g;

/** The compiled files of an entry, from `dist`, and the packages that they import. */
export function reachedFrom(entry) {
  const files = new Set();
  const packages = new Set();
  const visit = (file) => {
    if (files.has(file)) return;
    files.add(file);
    for (const [, target] of readFileSync(join(dist, file), 'utf8').matchAll(IMPORT)) {
      if (target.startsWith('node:')) continue;
      if (!target.startsWith('.')) {
        packages.add(/^(?:@[^/]+\/)?[^/]+/.exec(target)[0]);
        continue;
      }
      const script = relative(dist, resolve(dist, dirname(file), target));
      visit(file.endsWith('.d.ts') ? script.replace(/\.js$/, '.d.ts') : script);
    }
  };
  visit(`${entry}.js`);
  visit(`${entry}.d.ts`);
  return { files: [...files].sort(), packages: [...packages].sort() };
}

/** Packs into the folder; returns the tarball's path. */
export function packContext(destination) {
  const whole = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { files, packages } = reachedFrom('index');
  const { version, license, type, engines, dependencies } = whole;
  const undeclared = packages.filter((name) => dependencies[name] === undefined);
  if (undeclared.length > 0) throw new Error(`package.json lacks ${undeclared.join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-context-'));
  try {
    const put = (path, text) => writeFileSync(join(folder, path), text);
    for (const file of files) {
      mkdirSync(join(folder, 'dist', dirname(file)), { recursive: true });
      copyFileSync(join(dist, file), join(folder, 'dist', file));
    }
    copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
    put('README.md', `# ${NAME}\n\n\`openContext\` of Discord Server Sandboxes ${version}.\n`);
    const description = 'A bot’s Postgres, Redis and NATS: those of its sandbox, or production’s.';
    const manifest = {
      ...{ name: NAME, version, description, license, type, engines },
      exports: whole.exports['.'],
      dependencies: Object.fromEntries(packages.map((name) => [name, dependencies[name]])),
    };
    put('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', destination], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return join(destination, JSON.parse(packed.toString())[0].filename);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(relative(process.cwd(), packContext(process.cwd())));
