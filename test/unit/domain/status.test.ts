import { describe, expect, it } from 'vitest';
import { ERRORS, SandboxError } from '../../../domain/errors.js';
import { isLive, SANDBOX_STATUSES, TRANSITIONS } from '../../../domain/status.js';

describe('the status machine', () => {
  it('allows the legal transitions and no other', () => {
    const legal = SANDBOX_STATUSES.flatMap((from) =>
      TRANSITIONS[from].map((to) => `${from}→${to}`),
    );
    expect(legal).toEqual([
      'pending→creating',
      'pending→destroying',
      'creating→running',
      'creating→destroying',
      'running→expired',
      'running→destroying',
      'expired→destroying',
      'destroying→destroyed',
    ]);
  });

  it('leads from everywhere to destroyed', () => {
    for (const start of SANDBOX_STATUSES) {
      const seen = new Set([start]);
      for (const status of seen) for (const next of TRANSITIONS[status]) seen.add(next);
      expect(seen.has('destroyed')).toBe(true);
    }
  });

  it('frees name and limit as soon as destroying begins', () => {
    expect(SANDBOX_STATUSES.filter(isLive)).toEqual(['pending', 'creating', 'running', 'expired']);
  });
});

it('gives each code its exit code and HTTP status', () => {
  expect(
    Object.fromEntries(
      Object.entries(ERRORS).map(([code, e]) => [code, [e.exitCode, e.httpStatus]]),
    ),
  ).toEqual({
    SANDBOX_001: [5, 409],
    SANDBOX_002: [6, 409],
    SANDBOX_003: [5, 409],
    SANDBOX_004: [4, 404],
    SANDBOX_005: [1, 500],
    SANDBOX_006: [1, 500],
    SANDBOX_007: [5, 409],
    SANDBOX_008: [2, 400],
    SANDBOX_009: [7, 503],
    SANDBOX_010: [8, 403],
    SANDBOX_011: [1, 500],
    SANDBOX_012: [8, 401],
    SANDBOX_013: [7, 429],
    SANDBOX_014: [2, 422],
  });
  expect(new SandboxError('SANDBOX_004', 'gone').toJSON()).toEqual({
    code: 'SANDBOX_004',
    message: 'gone',
    hint: ERRORS.SANDBOX_004.remedy,
  });
});
