/** Build step: bundles the compiled workflows, so that a worker starts in 0.5 s instead of 3. */
import { bundleWorkflowCode } from '@temporalio/worker';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const workflowsFile = (name: string): string =>
  fileURLToPath(new URL(`../workflows/${name}.js`, import.meta.url));

const { code } = await bundleWorkflowCode({
  workflowsPath: workflowsFile('index'),
  preloadModules: [workflowsFile('short-stacks')],
  logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error },
});
await writeFile(new URL('../workflow-bundle.js', import.meta.url), code);
