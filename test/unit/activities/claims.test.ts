import { describe, expect, it } from 'vitest';
import { Claims } from '../../../activities/claims.js';
import { parseSandboxId } from '../../../domain/names.js';
import { delay } from '../../../platform/deadline.js';

const id = parseSandboxId('sbaaaaaaaaaa');
const other = parseSandboxId('sbbbbbbbbbbb');
const times = { createdAt: 1_700_000_000_000, expiresAt: 1_700_000_600_000 };
const asked = new Date(times.expiresAt);

describe('what the steps of a create know from its claim', () => {
  it('is the first rotation and the time of the claim', () => {
    const claims = new Claims();
    claims.begun(id, times, asked);
    const createdAt = new Date(times.createdAt);
    expect(claims.targetOf(id)).toEqual({ sandboxId: id, rotation: 0, createdAt, fresh: true });
  });

  it('is nothing for a sandbox that another worker has claimed', () => {
    const claims = new Claims();
    claims.begun(id, times, asked);
    expect(claims.targetOf(other)).toBeUndefined();
  });

  it('is nothing of a claim that was repeated: its expiry is an earlier one', () => {
    const claims = new Claims();
    claims.begun(id, times, new Date(times.expiresAt + 1));
    expect(claims.targetOf(id)).toBeUndefined();
  });

  it('is nothing once the sandbox has another status', () => {
    const claims = new Claims();
    claims.begun(id, times, asked);
    claims.over(id);
    expect(claims.targetOf(id)).toBeUndefined();
  });

  it('is nothing after the time of a step', async () => {
    const claims = new Claims(20);
    claims.begun(id, times, asked);
    await delay(40);
    expect(claims.targetOf(id)).toBeUndefined();
    claims.begun(other, times, asked);
    expect([claims.targetOf(id), claims.targetOf(other)?.sandboxId]).toEqual([undefined, other]);
  });
});
