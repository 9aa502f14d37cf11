/**
 * Splits a server's URL. `new URL` refuses lists of hosts and a socket's directory as the host, and
 * accepts a wrong escape, for which a driver later throws `URI malformed`.
 */
import { AddressProblem } from './problem.js';

export interface Place {
  /** IPv6 without brackets. */
  readonly host: string;
  /** Null if the URL names none. */
  readonly port: number | null;
}

export interface UrlParts {
  /** In lower case. */
  readonly scheme: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly places: readonly Place[];
  /** Without the first slash. */
  readonly path: string;
  readonly parameters: readonly (readonly [string, string])[];
}

const URL_FORM = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;

/** @throws AddressProblem */
export function splitUrl(text: string): UrlParts {
  if (/[\s\u0000-\u001f]/.test(text))
    throw new AddressProblem('holds a space or a control character', 'Write a space as %20.');
  const [, scheme, authority, path = '', query = ''] = URL_FORM.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) {
    throw new AddressProblem(
      'is not a URL',
      'Its form is scheme://user:password@host:port. In the password write / as %2F, ? as %3F and # as %23.',
    );
  }
  const at = authority.lastIndexOf('@');
  const [login, hosts] = [at < 0 ? null : authority.slice(0, at), authority.slice(at + 1)];
  const colon = login?.indexOf(':') ?? -1;
  const user = login === null ? null : colon < 0 ? login : login.slice(0, colon);
  const password = login === null || colon < 0 ? null : login.slice(colon + 1);
  return {
    scheme: scheme.toLowerCase(),
    user: user === null || user === '' ? null : decoded(user, 'user'),
    password: password === null ? null : decoded(password, 'password'),
    places: hosts === '' ? [] : hosts.split(',').map((one) => placeOf(one)),
    path: decoded(path, 'path'),
    parameters: query === '' ? [] : query.split('&').filter(Boolean).map(parameterOf),
  };
}

/** A host, with or without a port. @throws AddressProblem */
export function placeOf(text: string): Place {
  const [, v6, name, port] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*))(?::([0-9]*))?$/i.exec(text) ?? [];
  if (v6 === undefined && name === undefined) {
    throw new AddressProblem(
      'its host is not valid',
      'Write an IPv6 address in brackets, such as [::1]:5432.',
    );
  }
  const host = v6 ?? decoded(name ?? '', 'host');
  if (v6 === undefined && !host.startsWith('/') && !/^[\p{L}\p{N}._-]+$/u.test(host)) {
    throw new AddressProblem(
      host === '' ? 'names no host' : 'its host is not valid',
      'A host is a name, an IPv4 address, or an IPv6 address in brackets. In the password write @ as %40.',
    );
  }
  return { host, port: port === undefined || port === '' ? null : portOf(port) };
}

/** @throws AddressProblem */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new AddressProblem('its port is not valid', 'A port is a number from 1 to 65535.');
}

function parameterOf(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  const [name, value] = equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
  return [decoded(name, 'query'), decoded(value, 'query')];
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AddressProblem(
      `its ${what} holds a % that begins no escape`,
      'Write a plain % as %25.',
    );
  }
}

/** `host:port`, with brackets around an IPv6 address. */
export const placeText = ({ host, port }: { host: string; port: number | null }): string => {
  const shown = host.includes(':') ? `[${host}]` : host;
  return port === null ? shown : `${shown}:${port}`;
};
