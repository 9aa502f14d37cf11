/** A failure's way over HTTP: its code, its headers, and nothing of its cause. */
import { describe, expect, it } from 'vitest';
import { problemOf } from '../../../api/problems.js';
import { Problem } from '../../../api/contract/schemas.js';
import { ERRORS, isErrorCode, SandboxError, unreachable } from '../../../domain/errors.js';

const SECRET = 'postgres://bd_api:hunter2@db/sandboxes';

describe('problemOf', () => {
  it.each(Object.keys(ERRORS).filter(isErrorCode))('gives %s its status and shape', (code) => {
    const { status, headers, body } = problemOf(new SandboxError(code, 'no'), 'r1');
    expect(status).toBe(ERRORS[code].httpStatus);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(Problem.parse(body)).toEqual(body);
    expect(body).toMatchObject({ code, status, requestId: 'r1' });
  });

  it('names a server that is away, without the text of the cause', () => {
    const { status, headers, body } = problemOf(unreachable('postgres', new Error(SECRET)), 'r1');
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('1');
    expect(body.detail).toBe('Postgres is unreachable');
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });

  it('tells nothing of what no code foresaw', () => {
    const { status, body } = problemOf(new Error(SECRET), 'r1');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toMatch(/hunter2|at .*\.ts/);
  });

  it('says how to sign in', () => {
    const { headers } = problemOf(new SandboxError('SANDBOX_012', 'no token'), 'r1');
    expect(headers['www-authenticate']).toMatch(/^Bearer /);
  });

  it('keeps a status that is more exact than that of the code', () => {
    const { status, body } = problemOf(new SandboxError('SANDBOX_008', 'too large'), 'r1', 413);
    expect([status, body.status]).toEqual([413, 413]);
  });
});
