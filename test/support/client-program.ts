/** The program of the published client, beside the package as `npm pack` makes it, in an empty folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../platform/project-root.js';
import { tokenOf, apiUrl } from './api.js';
import { installPacked, type Packed } from './packed.js';
import { someGuild, someOwner } from './stack.js';

export interface Given {
  readonly url: string;
  readonly token: string;
  readonly name: string;
  readonly guild: string;
}

/** What the program returns where all went well. */
export const seenWith = ({ guild }: Given): unknown => ({
  ...{ status: 'running', guildIds: [guild], ended: 'destroyed' },
  ...{ isListed: true, isHolder: true },
  event: ['MESSAGE_CREATE', 'häppy 😀'],
  refused: [true, 'SANDBOX_004', 404],
});

export async function newGiven(): Promise<Given> {
  const guild = someGuild();
  const token = await tokenOf(someOwner());
  return { url: apiUrl(), token, name: `client-${guild}`, guild };
}

export function installProgram(): Packed {
  const packed = installPacked();
  cpSync(join(projectRoot(), 'test/system/client/program.mjs'), join(packed.folder, 'program.mjs'));
  writeFileSync(join(packed.folder, 'package.json'), '{ "type": "module", "private": true }');
  return packed;
}

/** Runs the program by an interpreter, without a variable but PATH and HOME. */
export async function printedBy(
  { folder }: Packed,
  given: Given,
  [command = '', ...args]: readonly string[],
): Promise<unknown> {
  const script = `import { run } from './program.mjs';
    console.log(JSON.stringify(await run(${JSON.stringify(given)})));\n`;
  writeFileSync(join(folder, 'main.mjs'), script);
  const child = spawn(command, [...args, 'main.mjs'], {
    ...{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    env: { PATH: process.env.PATH, HOME: folder },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}
