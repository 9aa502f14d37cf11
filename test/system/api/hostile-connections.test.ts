/** Requests that Node's parser refuses, before any route. */
import { describe, expect, it } from 'vitest';
import { Problem } from '../../../api/contract/schemas.js';
import { tokenOf } from '../../support/api.js';
import { rawRequest } from '../../support/raw-request.js';
import { someOwner } from '../../support/stack.js';

function expectRawProblem(answer: string, status: number, code: string): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toContain('content-type: application/problem+json');
  const problem = Problem.parse(JSON.parse(body));
  expect(problem).toMatchObject({ status, code });
  expect(head).toContain(`x-request-id: ${problem.requestId}`);
}

describe('a connection', () => {
  it.each([
    ['two lengths', ['Content-Length: 2', 'Content-Length: 3'], '{}'],
    ['a length and chunks', ['Content-Length: 2', 'Transfer-Encoding: chunked'], '{}'],
    ['no host', [], ''],
  ])('with %s is 400', async (what, more, body) => {
    const host = what === 'no host' ? [] : ['Host: x'];
    const answer = await rawRequest(['POST /v1/sandboxes HTTP/1.1', ...host, ...more], body);
    expectRawProblem(answer, 400, 'SANDBOX_008');
  });

  it('with too large a header is 431', async () => {
    const answer = await rawRequest(['GET /v1/me HTTP/1.1', 'Host: x', `X: ${'y'.repeat(20_000)}`]);
    expectRawProblem(answer, 431, 'SANDBOX_008');
  });

  it.concurrent.each([
    ['header', ['GET /v1/me HTTP/1.1', 'Host: x'], null, 15_000],
    ['body', ['POST /v1/sandboxes HTTP/1.1', 'Host: x', 'Content-Length: 9'], '{', 40_000],
  ])('that does not send its whole %s is ended', async (_what, lines, body, within) => {
    const began = Date.now();
    expectRawProblem(await rawRequest(lines, body), 408, 'SANDBOX_008');
    expect(Date.now() - began).toBeLessThan(within);
  });

  it('takes its base from nothing that a client sends', async () => {
    const token = await tokenOf(someOwner());
    const answer = await rawRequest([
      'GET http://evil.example/v1/me HTTP/1.1',
      'Host: evil.example',
      `Authorization: Bearer ${token}`,
      'Connection: close',
    ]);
    expect(answer).not.toContain('evil');
  });
});
