/** The variables that `openContext` reads before it opens any connection. */
import { describe, expect, it } from 'vitest';
import { readContext } from '../../../context/variables.js';

const ADDRESSES = {
  DATABASE_URL: 'postgres://127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1',
  NATS_URL: 'nats://127.0.0.1',
};

describe('production’s environment', () => {
  it('names a consumer only together with its stream', () => {
    const named = { NATS_STREAM: 'ROUTED', NATS_CONSUMER: 'bot' };
    expect(readContext({ ...ADDRESSES, ...named }, true).consumer).toEqual({
      ...{ stream: 'ROUTED', name: 'bot', apiPrefix: '$JS.API' },
    });
    for (const lacking of ['NATS_STREAM', 'NATS_CONSUMER'])
      expect(readContext({ ...ADDRESSES, ...named, [lacking]: '' }, true).consumer).toBeNull();
  });

  it.each(Object.keys(ADDRESSES))('without %s is refused, with what is missing', (name) => {
    expect(() => readContext({ ...ADDRESSES, [name]: '' }, true)).toThrow(
      expect.objectContaining({
        code: 'SANDBOX_008',
        message: `the environment lacks ${name}`,
        hint: 'Production’s addresses are not all set.',
      }),
    );
  });

  it.each([
    ['DATABASE_URL', 'secret', 'is not a URL'],
    ['REDIS_URL', 'redis://127.0.0.1/3', 'must name database 0'],
  ])('with a %s of %s is refused, without showing the value', (name, value, reason) => {
    expect(() => readContext({ ...ADDRESSES, [name]: value }, true)).toThrow(`${name}: ${reason}`);
  });
});
