/** A worker makes a template for nobody who comes past `control/` with access to Temporal alone. */
import { describe, expect, it } from 'vitest';
import type { SignedInput } from '../../../domain/command.js';
import { newSandboxId } from '../../../domain/names.js';
import {
  parseTemplateInput,
  TEMPLATE_PURPOSE,
  type TemplateInput,
} from '../../../domain/template.js';
import { signInput } from '../../../platform/signature.js';
import { actorKey } from '../../support/commands.js';
import { someName, stackConfig } from '../../support/stack.js';
import { openRunTemporal } from '../../support/temporal.js';

const INPUT = parseTemplateInput({
  name: 'forged',
  files: [{ name: '1.sql', sql: 'CREATE TABLE t ()' }],
});
const HOUR = 3_600_000;
const signed = (purpose = TEMPLATE_PURPOSE, at = Date.now()) =>
  signInput(actorKey(), purpose, INPUT, at);

async function made(input: Partial<SignedInput<TemplateInput>>): Promise<unknown> {
  const { client } = await openRunTemporal();
  const { taskQueue } = stackConfig();
  const workflowId = `forged-${newSandboxId(() => someName().slice(5, 15))}`;
  const options = { workflowId, taskQueue, args: [input] };
  return client.workflow.execute('templateWorkflow', options);
}

describe('a template that a bare Temporal client asks for', () => {
  it.each<[string, () => Partial<SignedInput<TemplateInput>>]>([
    ['unsigned', () => ({ input: INPUT })],
    ['nothing', () => ({})],
    [
      'altered',
      () => ({ ...signed(), input: { ...INPUT, source: { kind: 'schema', schema: 'x' } } }),
    ],
    ['signed for another purpose', () => signed('sweep')],
    ['signed an hour ago', () => signed(TEMPLATE_PURPOSE, Date.now() - HOUR)],
    ['signed for later', () => signed(TEMPLATE_PURPOSE, Date.now() + HOUR)],
  ])('is refused: %s', async (_, input) => {
    await expect(made(input())).rejects.toMatchObject({
      cause: { cause: { type: 'SANDBOX_010' } },
    });
  });

  it('is made where the signature fits', async () => {
    expect(await made(signed())).toMatchObject({ tables: 1 });
  });
});
