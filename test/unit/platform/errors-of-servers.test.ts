/**
 * How drivers' errors are translated: the unreachable server (SANDBOX_009), errors of our own code,
 * and errors that stay as they are.
 */
import {
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { DrizzleQueryError } from 'drizzle-orm';
import { NatsError } from 'nats';
import { describe, expect, it } from 'vitest';
import {
  asTemporalError,
  isGone,
  isNotReady,
  isResourceExhausted,
} from '../../../control/temporal-errors.js';
import { SandboxError } from '../../../domain/errors.js';
import { DeadlineError } from '../../../platform/deadline.js';
import { inNats } from '../../../platform/nats-errors.js';
import { asPostgresError } from '../../../platform/postgres.js';
import { inRedis } from '../../../platform/redis.js';
import { inDatabase } from '../../../store/database.js';

const coded = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`error ${code}`), { code, ...more });
const wrapped = (cause: Error): Error => new DrizzleQueryError('SELECT secret', ['secret'], cause);
const ours = new SandboxError('SANDBOX_003', 'taken');
const away = (server: string) =>
  expect.objectContaining({
    code: 'SANDBOX_009',
    message: expect.stringContaining(`${server} is unreachable`) as string,
  }) as unknown;

describe('an error of Postgres', () => {
  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'CONNECT_TIMEOUT',
    'CONNECTION_ENDED',
    '57P01',
    '57P03',
    '08006',
  ])('%s means that it is away, also inside Drizzle’s own', (code) => {
    expect(asPostgresError(coded(code))).toEqual(away('Postgres'));
    expect(asPostgresError(wrapped(coded(code)))).toEqual(away('Postgres'));
  });

  it.each(['28P01', '28000'])('%s names the place of the credentials', (code) => {
    expect(asPostgresError(coded(code))).toMatchObject({
      code: 'SANDBOX_009',
      hint: expect.stringContaining('DATABASE_URL') as string,
    });
  });

  it('that means no answer in time names Postgres as unreachable', () => {
    expect(asPostgresError(new DeadlineError('late'))).toEqual(away('Postgres'));
  });

  it.each([ours, coded('42501'), new Error('another'), 'a text'])('%s stays as it is', (error) => {
    expect(asPostgresError(error)).toBe(error);
  });

  it.each([
    ['with its facts', { detail: '{"guildId":"1"}' }, { guildId: '1' }],
    ['without facts', {}, {}],
    ['with a detail that is Postgres’ own', { detail: 'Key (id)=(1) exists.' }, {}],
  ])('raised by our SQL is ours, %s', async (_what, more, details) => {
    for (const error of [coded('SB003', more), wrapped(coded('SB003', more))])
      await expect(inDatabase(() => Promise.reject(error))).rejects.toMatchObject({
        ...{ code: 'SANDBOX_003', message: 'error SB003', details },
      });
  });

  it('that only looks like ours stays as it is', async () => {
    const error = coded('SB0x9');
    await expect(inDatabase(() => Promise.reject(error))).rejects.toBe(error);
  });
});

describe('an error of NATS', () => {
  it.each(['TIMEOUT', '503', 'CONNECTION_CLOSED', 'DISCONNECT'])(
    '%s means that it is away',
    async (code) => {
      const error = new NatsError('x', code);
      await expect(inNats(() => Promise.reject(error))).rejects.toEqual(away('NATS'));
    },
  );

  it.each([ours, new NatsError('x', 'PERMISSIONS_VIOLATION'), new Error('another')])(
    '%s stays as it is',
    async (error) => {
      await expect(inNats(() => Promise.reject(error))).rejects.toBe(error);
    },
  );
});

describe('an error of Redis', () => {
  it.each([
    'connect ECONNREFUSED 127.0.0.1:1',
    'Connection is closed.',
    'Reached the max retries per request limit (which is 1).',
    'Command timed out',
  ])('%s means that it is away', async (text) => {
    await expect(inRedis(() => Promise.reject(new Error(text)))).rejects.toEqual(away('Redis'));
  });

  it.each([ours, new Error('WRONGTYPE Operation against a key')])(
    '%s stays as it is',
    async (error) => {
      await expect(inRedis(() => Promise.reject(error))).rejects.toBe(error);
    },
  );
});

describe('an error of Temporal', () => {
  const grpc = (code: number): Error =>
    Object.assign(new Error(`grpc ${code}`), { code, details: 'd', metadata: {} });
  const late = 'it goes on';

  it.each([1, 4, 9, 10])(
    'of gRPC code %i means that the workers stayed busy, and says which work continues',
    (code) => {
      const error = asTemporalError(wrapped(grpc(code)), late);
      expect(error).toMatchObject({
        code: 'SANDBOX_009',
        message: `the workers are busy and have not answered in time; ${late}`,
        details: { dependency: 'worker' },
      });
    },
  );

  it('from the client’s own time-out of an update means the same', () => {
    expect(
      asTemporalError(new WorkflowUpdateRPCTimeoutOrCancelledError('late'), late),
    ).toMatchObject({ details: { dependency: 'worker' } });
  });

  it('with gRPC code 14 means that Temporal is unreachable', () => {
    expect(asTemporalError(grpc(14), late)).toEqual(away('Temporal'));
  });

  it.each([
    [[{ hint: 'Do this.', guildId: '1' }], 'Do this.', { hint: 'Do this.', guildId: '1' }],
    [[{ hint: '' }], new SandboxError('SANDBOX_003', '').hint, { hint: '' }],
    [['a text'], new SandboxError('SANDBOX_003', '').hint, {}],
    [undefined, new SandboxError('SANDBOX_003', '').hint, {}],
  ])('raised by a workflow is ours, with the hint and facts in %j', (details, hint, facts) => {
    const failure = ApplicationFailure.create({
      ...{ type: 'SANDBOX_003', message: 'taken' },
      ...(details === undefined ? {} : { details }),
    });
    expect(asTemporalError(wrapped(failure), late)).toMatchObject({
      ...{ code: 'SANDBOX_003', message: 'taken', hint, details: facts },
    });
  });

  it.each([ours, ApplicationFailure.create({ type: 'Other' }), grpc(5)])(
    '%s stays as it is',
    (error) => {
      expect(asTemporalError(error, late)).toBe(error);
    },
  );

  it('of an unknown kind is shown by its text', () => {
    expect(asTemporalError('gone', late)).toMatchObject({ message: 'gone' });
  });

  it('advises to try again, to wait, or to give up', () => {
    const kinds = [
      grpc(8),
      grpc(9),
      grpc(10),
      grpc(4),
      new WorkflowNotFoundError('x', 'w', 'r'),
      'x',
    ];
    expect(kinds.map((e) => [isResourceExhausted(e), isNotReady(e), isGone(e)])).toEqual([
      [true, false, false],
      [false, true, false],
      [false, true, false],
      [false, true, false],
      [false, false, true],
      [false, false, false],
    ]);
  });
});
