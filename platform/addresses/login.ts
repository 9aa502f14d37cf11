/**
 * Changes or removes an address's login. The rest of the text stays: the bot's own driver reads it
 * too.
 */
import { AddressProblem } from './problem.js';
import { placeText, splitUrl } from './url.js';

const LOGIN_PARAMETERS = new Set(['user', 'username', 'password', 'passfile']);

/** The address with this login alone. A login in the query is removed: clients would prefer it. */
export function withLogin(address: string, user: string, password: string): string {
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  return replaced(address, (index) => (index === 0 ? login : ''));
}

export const withoutLogin = (address: string): string => replaced(address, () => '');

/** Replaces each URL of a list (NATS). */
function replaced(address: string, loginOf: (index: number) => string): string {
  return address
    .split(/,(?=[a-z][a-z0-9+.-]*:\/\/)/i)
    .map((one, index) => {
      const [, scheme = '', authority = '', rest = ''] =
        /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)(.*)$/i.exec(one) ?? [];
      const hosts = authority.slice(authority.lastIndexOf('@') + 1);
      return `${scheme}${loginOf(index)}${hosts}${withoutLoginParameters(rest)}`;
    })
    .join(',');
}

function withoutLoginParameters(rest: string): string {
  const [path = '', query] = rest.split('?', 2);
  if (query === undefined) return path;
  const kept = query
    .split('&')
    .filter((one) => !LOGIN_PARAMETERS.has(safely(one.split('=', 1)[0] ?? '')));
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`;
}

function safely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Every password in a text that may be an address, both encoded and decoded. */
export function passwordsIn(text: string): string[] {
  const written = [
    ...text.matchAll(/:\/\/[^/?#@:]*:([^/?#]*)@/g),
    ...text.matchAll(/[?&](?:ssl)?password=([^&#]*)/g),
  ];
  return written.flatMap(([, password = '']) => [password, safely(password)]);
}

/** The address without its login. */
export function displayAddress(address: string): string {
  if (!address.includes('://')) return address;
  try {
    return address
      .split(/,(?=[a-z][a-z0-9+.-]*:\/\/)/i)
      .flatMap((one) => {
        const { places, parameters } = splitUrl(one);
        const socket = parameters.find(([name]) => name === 'host')?.[1];
        return socket === undefined ? places.map(placeText) : [socket];
      })
      .join(', ');
  } catch (error) {
    if (error instanceof AddressProblem) return '(an address that is not valid)';
    throw error;
  }
}
