/**
 * The status in the header block of a server's message without payload: `NATS/1.0 408 Request
 * Timeout`.
 */

export interface ServerStatus {
  readonly code: number;
  readonly text: string;
  /** The value of a header, or `''`. */
  readonly value: (name: string) => string;
}

export function readStatus(header: Uint8Array | null): ServerStatus {
  const lines = Buffer.from(header ?? [])
    .toString('latin1')
    .split('\r\n');
  const match = /^NATS\/1\.0 +([0-9]{3}) ?(.*)$/.exec(lines[0] ?? '');
  return {
    code: Number(match?.[1] ?? 0),
    text: match?.[2] ?? '',
    value: (name) => {
      const line = lines.find((one) => one.startsWith(`${name}:`));
      return line === undefined ? '' : line.slice(name.length + 1).trim();
    },
  };
}
