/** The part of the configuration's table for the HTTP API's own server. */
import { optional, setting } from './setting.js';
import { addressList, count, host, text } from './types.js';

const readers = ['api'] as const;
const pem = (what: string) => ({
  readers,
  unset: 'no TLS: a proxy in front has it',
  about: `file of ${what}, in PEM form; both or none ([api](api.md#https))`,
});

export const API = {
  port: setting('SANDBOX_API_PORT', count(0, 65_535), '7780', {
    readers,
    about: "port of `bd api`; the local stack's is in `bd dev env`",
  }),
  host: setting('SANDBOX_API_HOST', host, '127.0.0.1', {
    readers,
    about: 'address on which it listens',
  }),
  tlsCert: optional('SANDBOX_API_TLS_CERT', text, pem("the API's certificate")),
  tlsKey: optional('SANDBOX_API_TLS_KEY', text, pem('its key')),
  trustedProxies: setting('SANDBOX_API_TRUSTED_PROXIES', addressList, '', {
    readers,
    about:
      'addresses or networks (`10.0.0.0/8`), separated by commas, whose `X-Forwarded-For` the log believes',
    unset: 'nobody is believed',
  }),
};
