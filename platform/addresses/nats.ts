/** Parses the address of NATS, which may name several servers of one cluster. */
import { AddressProblem, orInvalid } from './problem.js';
import { placeText, splitUrl, type UrlParts } from './url.js';

export interface NatsUrl {
  /** `host:port` of each. */
  readonly servers: string[];
  /** Refuses a server that offers no TLS. */
  readonly tls: boolean;
  readonly user?: string;
  readonly pass?: string;
}

/** @throws SANDBOX_008 */
export const parseNatsUrl = (text: string): NatsUrl => orInvalid('NATS', () => readNatsUrl(text));

/**
 * `nats://user:password@host:4222`, `tls://…`; several servers as `nats://a,nats://b` or
 * `nats://a,b`. The login is the first that a server has. @throws AddressProblem
 */
export function readNatsUrl(text: string): NatsUrl {
  const parts = listOf(text).map(splitUrl);
  const [first] = parts;
  if (first === undefined || parts.every(({ places }) => places.length === 0))
    throw new AddressProblem('names no server', 'Use nats://host:4222.');
  for (const { scheme, path, parameters } of parts) {
    if (scheme === 'ws' || scheme === 'wss') {
      throw new AddressProblem(
        'WebSockets are not supported: the router reads the TCP protocol itself',
        'Name the server’s client port, with nats:// or tls://.',
      );
    }
    if (scheme !== 'nats' && scheme !== 'tls')
      throw new AddressProblem(`${scheme}:// is no scheme of NATS`, 'It begins nats:// or tls://.');
    if (scheme !== first.scheme)
      throw new AddressProblem('mixes nats:// and tls://', 'Use one of them for all servers.');
    if (path !== '' || parameters.length > 0)
      throw new AddressProblem(
        'has a path or parameters, which NATS does not know',
        'Take them out.',
      );
  }
  const login = parts.find(({ user }) => user !== null) ?? parts[0];
  return {
    servers: parts.flatMap(({ places }) =>
      places.map(({ host, port }) => placeText({ host, port: port ?? 4_222 })),
    ),
    tls: first.scheme === 'tls',
    ...loginOf(login),
  };
}

const loginOf = (login: UrlParts | undefined): { user?: string; pass?: string } =>
  login?.user == null ? {} : { user: login.user, pass: login.password ?? '' };

/** A comma before a scheme separates URLs. Any other comma separates hosts of one URL. */
const listOf = (text: string): string[] =>
  text.split(/,(?=[a-z][a-z0-9+.-]*:\/\/)/i).filter((one) => one !== '');
