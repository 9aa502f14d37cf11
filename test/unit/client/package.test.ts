/** The published client reaches nothing of the servers, and nothing of Node: it runs with a browser's globals alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { newToken, newTokenId } from '../../../control/new-token.js';
import { projectRoot } from '../../../platform/project-root.js';
import { answering, frames, json } from '../../support/answering.js';

const root = projectRoot();
const ENTRY = join(root, 'dist/client/index.js');

async function reached(): Promise<{ files: string[]; packages: string[] }> {
  const script = pathToFileURL(join(root, 'build/context-package.mjs')).href;
  const { reachedFrom } = (await import(script)) as {
    reachedFrom: (entry: string) => { files: string[]; packages: string[] };
  };
  return reachedFrom('client/index');
}

describe('the package’s entry `./client`', () => {
  it('reaches client/ and domain/ alone, two small packages, and no module of Node', async () => {
    const { files, packages } = await reached();
    expect(packages).toEqual(['ms', 'openapi-fetch']);
    expect([...new Set(files.map((file) => file.split('/')[0]))]).toEqual(['client', 'domain']);
    const text = files.map((file) => readFileSync(join(root, 'dist', file), 'utf8')).join('\n');
    expect(text).not.toMatch(/['"]node:/);
  });

  it('is what package.json exports', () => {
    const { exports, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      exports: Record<string, unknown>;
      files: string[];
    };
    expect(files).toContain('dist');
    expect(exports['./client']).toEqual({
      types: './dist/client/index.d.ts',
      default: './dist/client/index.js',
    });
  });

  it('creates, lists and follows events where there are only a browser’s globals', async () => {
    const { outputFiles } = await build({
      ...{ entryPoints: [ENTRY], bundle: true, minify: true, write: false, platform: 'browser' },
      ...{ format: 'iife', globalName: 'client', logLevel: 'silent' },
    });
    const { url, seen } = await answering(
      json({ id: 'sb0123456789' }, 201),
      json({ items: [{ id: 'sb0123456789' }], nextCursor: null }),
      frames('id: 1\ndata: {"sequence":1}\n\nevent: end\ndata: {}\n\n'),
    );
    const [output] = outputFiles;
    const run = `(async () => {
      const api = new client.SandboxClient(given);
      const made = await api.createSandbox({ name: 'x' });
      const listed = [];
      for await (const { id } of api.listSandboxes()) listed.push(id);
      const seen = [];
      const options = { signal: new AbortController().signal };
      for await (const { sequence } of api.events(made.id, options)) seen.push(sequence);
      return JSON.stringify({ id: made.id, listed, seen });
    })()`;
    const given = { url, token: newToken('person', newTokenId()).text };
    const context = createContext({ ...browserGlobals(), given });
    const outcome = runInContext(`${output?.text ?? ''}\n${run}`, context) as Promise<string>;
    expect(JSON.parse(await outcome)).toEqual({
      ...{ id: 'sb0123456789', listed: ['sb0123456789'], seen: [1] },
    });
    expect(seen).toHaveLength(3);
    expect(output?.contents.byteLength).toBeLessThan(33_000);
  });
});

/** Of those that Node shares with browsers; `process`, `Buffer`, `require` and `global` are missing. */
function browserGlobals(): Record<string, unknown> {
  const names = [
    ...['fetch', 'Request', 'Response', 'Headers', 'FormData', 'URL', 'URLSearchParams', 'crypto'],
    ...['AbortController', 'AbortSignal', 'ReadableStream', 'TransformStream', 'TextEncoder'],
    ...['TextDecoder', 'setTimeout', 'clearTimeout', 'DOMException'],
  ];
  const all = globalThis as unknown as Record<string, unknown>;
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

describe('lint', () => {
  const overrideConfig = [tseslint.configs.disableTypeChecked as object];
  const eslint = new ESLint({ cwd: root, overrideConfig });

  it.each([
    ["import { readFileSync } from 'node:fs'; readFileSync('x');", 'no-restricted-imports'],
    ['export const home = process.env.HOME;', 'no-restricted-globals'],
    ["export const bytes = Buffer.from('x');", 'no-restricted-globals'],
    ["export { openDatabase } from '../store/database.js';", 'rooms/direction'],
  ])('refuses in client/: %s', async (text, rule) => {
    const filePath = join(root, 'client/requests.ts');
    const [result] = await eslint.lintText(text, { filePath });
    expect(result?.messages.map(({ ruleId }) => ruleId)).toContain(rule);
  });
});
