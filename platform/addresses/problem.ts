/** An error in an address. No message quotes the address: it may contain a password. */
import { SandboxError } from '../../domain/errors.js';

export class AddressProblem extends Error {
  override readonly name = 'AddressProblem';

  constructor(
    message: string,
    readonly remedy = 'See docs/addresses.md.',
  ) {
    super(message);
  }
}

/** @throws SANDBOX_008 with the server's name */
export function orInvalid<T>(server: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AddressProblem)) throw error;
    throw new SandboxError('SANDBOX_008', `the address of ${server}: ${error.message}`, {
      hint: error.remedy,
    });
  }
}

/** One line for a report of several variables; null if the address is valid. */
export function problemOf(read: () => unknown): string | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof AddressProblem) return `${error.message}. ${error.remedy}`;
    throw error;
  }
}
