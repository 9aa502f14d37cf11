/** The address of a client, for the log: the socket's own, unless a trusted proxy names another. */
import { BlockList, isIP, isIPv6 } from 'node:net';

export type ClientAddress = (peer: string | undefined, forwardedFor: string | undefined) => string;

/** @param trusted addresses and networks of proxies */
export function clientAddressOf(trusted: readonly string[]): ClientAddress {
  const proxies = new BlockList();
  for (const entry of trusted) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isProxy = (address: string): boolean =>
    isIP(address) !== 0 && proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  return (peer = 'unknown', forwardedFor = '') => {
    // Each proxy appends its peer's address, so the last address that is no proxy is the client.
    const hops = [...forwardedFor.split(',').map((hop) => hop.trim()), peer];
    let client = peer;
    for (let hop = hops.pop(); hop !== undefined && isIP(hop) !== 0; hop = hops.pop()) {
      client = hop;
      if (!isProxy(hop)) break;
    }
    return client;
  };
}
