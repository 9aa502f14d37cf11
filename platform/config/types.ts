/** The types of environment variables: how a text is parsed, and how a value is written. */
import { z } from 'zod';
import { parseDuration } from '../../domain/duration.js';
import { messageOf } from '../../domain/errors.js';
import { problemOf } from '../addresses/problem.js';

export interface ValueType<V> {
  readonly schema: z.ZodType<V>;
  /** The inverse of the schema: another process parses the same value from this text. */
  readonly write: (value: V) => string;
}

const asItIs = (schema: z.ZodType<string>): ValueType<string> => ({
  schema,
  write: (value) => value,
});

export const text = asItIs(z.string());

export const matching = (pattern: RegExp, message: string): ValueType<string> =>
  asItIs(z.string().regex(pattern, message));

export const secret = (atLeast: number): ValueType<string> =>
  asItIs(z.string().min(atLeast, `must have at least ${atLeast} characters`));

/** In milliseconds. */
export const duration = (most?: { readonly millis: number; readonly text: string }) =>
  ({
    schema: z
      .string()
      .transform((written, ctx) => {
        try {
          return parseDuration(written);
        } catch (error) {
          ctx.addIssue({ code: 'custom', message: messageOf(error) });
          return z.NEVER;
        }
      })
      .refine((millis) => most === undefined || millis <= most.millis, {
        message: `must be at most ${most?.text ?? ''}`,
      }),
    write: (millis) => `${millis / 1_000}s`,
  }) satisfies ValueType<number>;

export const count = (min: number, max: number): ValueType<number> => ({
  schema: z
    .string()
    .regex(/^[0-9]{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max)),
  write: String,
});

export const oneOf = <const T extends string>(values: readonly T[]): ValueType<T> => ({
  schema: z.enum(values),
  write: (value) => value,
});

/** IP addresses and networks, separated by commas. */
export const addressList: ValueType<readonly string[]> = {
  schema: z
    .string()
    .transform((list) => list.split(',').map((part) => part.trim()))
    .transform((list) => list.filter((part) => part !== ''))
    .refine((list) => list.every((part) => ADDRESS.safeParse(part).success), {
      message: 'must be IP addresses or networks such as 10.0.0.0/8, separated by commas',
    }),
  write: (list) => list.join(','),
};

export const onOff: ValueType<boolean> = {
  schema: z.enum(['on', 'off']).transform((word) => word === 'on'),
  write: (on) => (on ? 'on' : 'off'),
};

const ADDRESS = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

export const host = asItIs(z.union([z.ipv4(), z.literal('::')]));

export const url = (...schemes: string[]): ValueType<string> =>
  asItIs(
    z
      .string()
      .refine((given) => schemes.some((s) => given.startsWith(`${s}://`)) && URL.canParse(given), {
        message: `must be a URL beginning ${schemes.map((s) => `${s}://`).join(' or ')}`,
      }),
  );

/** An address that the given parser accepts. */
export const addressOf = (read: (given: string) => unknown): ValueType<string> =>
  asItIs(
    z.string().superRefine((given, ctx) => {
      const message = problemOf(() => read(given));
      if (message !== null) ctx.addIssue({ code: 'custom', message });
    }),
  );

const SUBJECT = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.[*>])?$/;

export const productionSubjects: ValueType<readonly string[]> = {
  schema: z
    .string()
    .transform((list) => list.split(',').map((part) => part.trim()))
    .refine((list) => list.every((s) => SUBJECT.test(s) && /^(events|commands)\./.test(s)), {
      message: 'must be subjects below events. or commands., separated by commas',
    })
    .refine((list) => list.every((s) => !/^(events|commands)\.(>|raw(\.|$))/.test(s)), {
      message:
        'must not cover events.raw.> or commands.raw.>: JetStream refuses overlapping streams',
    }),
  write: (subjects) => subjects.join(','),
};
