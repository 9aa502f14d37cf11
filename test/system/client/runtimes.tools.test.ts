/** The published client in Deno, Bun and a browser. Needs the three: `npm run test:deploy`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { apiUrl } from '../../support/api.js';
import { installProgram, newGiven, printedBy, seenWith } from '../../support/client-program.js';
import { ownFolder } from '../../support/folder.js';
import type { Packed } from '../../support/packed.js';

let program: Packed;
beforeAll(() => {
  program = installProgram();
});
afterAll(() => program.remove());

describe('the packed client', () => {
  it.each([
    // Without a right to read the environment, or to run programs.
    ['Deno', ['deno', 'run', '--node-modules-dir=manual', '--allow-net', '--allow-read']],
    ['Bun', ['bun', 'run']],
  ])('works in %s', async (_name, command) => {
    const given = await newGiven();
    expect(await printedBy(program, given, command)).toEqual(seenWith(given));
  });

  it('works in a page of Chromium', async () => {
    const given = await newGiven();
    const page = await serve(await bundle(), given);
    const chromium = spawn(
      'chromium',
      [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
        ...[`--user-data-dir=${ownFolder()}`, page.url],
      ],
      { stdio: 'ignore' },
    );
    onTestFinished(async () => {
      chromium.kill();
      if (chromium.exitCode === null) await once(chromium, 'exit');
    });
    expect(await page.result).toEqual(seenWith(given));
  });
});

/** Of the files that `npm pack` made. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [join(program.folder, 'program.mjs')], bundle: true, write: false },
    ...{ platform: 'browser', format: 'esm', logLevel: 'silent', absWorkingDir: program.folder },
  });
  return outputFiles[0]?.text ?? '';
}

/** The page and, on the same origin, the API: as behind the proxy of an installation. */
async function serve(
  script: string,
  given: object,
): Promise<{ readonly url: string; readonly result: Promise<unknown> }> {
  let [resolve, reject] = [(_: unknown): void => undefined, (_: Error): void => undefined];
  const result = new Promise<unknown>((...both) => ([resolve, reject] = both));
  const server = createServer((asked, answer) => {
    const { pathname } = new URL(asked.url ?? '/', 'http://page');
    if (pathname.startsWith('/v1/')) {
      forward(asked, answer);
      return;
    }
    if (pathname === '/program.js')
      return answer.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    if (pathname === '/')
      return answer.writeHead(200, { 'content-type': 'text/html' }).end(pageWith(given));
    let body = '';
    asked.setEncoding('utf8').on('data', (text: string) => (body += text));
    asked.on('end', () => {
      answer.end();
      if (pathname === '/result') resolve(JSON.parse(body));
      else if (pathname === '/failure') reject(new Error(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, result };
}

const pageWith = (given: object): string => `<!doctype html><meta charset="utf-8">
  <script type="module">
    import { run } from '/program.js';
    const tell = (path, body) => fetch(path, { method: 'POST', body });
    run({ ...${JSON.stringify(given)}, url: location.origin }).then(
      (seen) => tell('/result', JSON.stringify(seen)),
      (error) => tell('/failure', String(error.stack)),
    );
  </script>`;

function forward(asked: IncomingMessage, answer: ServerResponse): void {
  const { method, headers } = asked;
  const onward = request(`${apiUrl()}${asked.url ?? ''}`, { method, headers }, (answered) => {
    answer.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  answer.on('close', () => onward.destroy());
  asked.pipe(onward);
}
