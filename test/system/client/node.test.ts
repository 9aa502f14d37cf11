/** The published client in Node; `runtimes.tools.test.ts` runs the same program elsewhere. */
import { expect, it, onTestFinished } from 'vitest';
import { installProgram, newGiven, printedBy, seenWith } from '../../support/client-program.js';

it('the packed client works in Node, in an empty folder', async () => {
  const program = installProgram();
  onTestFinished(() => program.remove());
  const given = await newGiven();
  expect(await printedBy(program, given, [process.execPath])).toEqual(seenWith(given));
});
