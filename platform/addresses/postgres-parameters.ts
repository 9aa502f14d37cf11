/**
 * Every parameter that a Postgres address may have: libpq's
 * (postgresql.org/docs/current/libpq-connect.html) and those of hosting services and other clients.
 * docs/addresses.md shows this table; a test compares both.
 */

export interface ParameterRule {
  readonly use: 'honoured' | 'ignored' | 'refused';
  /** Its effect, or why it has none, or the alternative. */
  readonly note: string;
  /** The accepted values; any other is refused with the note. Absent: every value. */
  readonly values?: readonly string[];
}

const honoured = (note: string, values?: readonly string[]): ParameterRule =>
  values === undefined ? { use: 'honoured', note } : { use: 'honoured', note, values };
const ignored = (note: string, values?: readonly string[]): ParameterRule =>
  values === undefined ? { use: 'ignored', note } : { use: 'ignored', note, values };
const refused = (note: string): ParameterRule => ({ use: 'refused', note });

const NO_GSS = 'GSSAPI is not supported';

export const SSL_MODES = [
  ...['disable', 'allow', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full'],
] as const;

export const POSTGRES_PARAMETERS: Readonly<Record<string, ParameterRule>> = {
  host: honoured('a host, or the directory of a socket; replaces the host before the path'),
  port: honoured('instead of the port before the path'),
  user: honoured('instead of the user before the host'),
  username: honoured('as `user`'),
  password: honoured('instead of the password before the host'),
  dbname: honoured('instead of the path'),
  sslmode: honoured(
    'as in libpq; absent: no TLS; `allow` means `prefer`, `no-verify` means `require`',
    SSL_MODES,
  ),
  ssl: honoured('`true` means sslmode=verify-full, `false` means disable', ['true', 'false']),
  sslaccept: honoured('`strict` means sslmode=verify-full, the other require', [
    'strict',
    'accept_invalid_certs',
  ]),
  sslrootcert: honoured(
    'file of the authorities (PEM), or `system`; with sslmode=require it means verify-ca',
  ),
  sslcert: honoured('file of this client’s certificate (PEM); needs sslkey'),
  sslkey: honoured('file of the certificate’s key (PEM)'),
  sslpassword: honoured('password of that key'),
  ssl_min_protocol_version: honoured('TLSv1.2 or TLSv1.3', ['TLSv1.2', 'TLSv1.3']),
  ssl_max_protocol_version: honoured('TLSv1.2 or TLSv1.3', ['TLSv1.2', 'TLSv1.3']),
  sslnegotiation: honoured('`direct`: TLS from the first byte', ['postgres', 'direct']),
  channel_binding: ignored(
    'the driver binds no channel; `require` is accepted if the certificate is verified (verify-ca, verify-full)',
    ['disable', 'prefer', 'require'],
  ),
  application_name: honoured('instead of the name that each process gives itself'),
  connect_timeout: honoured('seconds for one attempt, 1 to 30; absent: 5'),
  options: honoured('sent to the server at the start, as `-c name=value`'),
  pgbouncer: honoured('`true`: no prepared statements (see “Behind a pooler”)', ['true', 'false']),
  statement_cache_size: honoured('`0`: no prepared statements; else ignored'),
  keepalives: honoured('`0`: no keep-alive probes', ['0', '1']),
  keepalives_idle: honoured('seconds, 1 to 7200; absent: 60'),
  keepalives_interval: ignored('Node.js leaves it to the operating system'),
  keepalives_count: ignored('Node.js leaves it to the operating system'),
  tcp_user_timeout: ignored('our own time-outs apply'),
  fallback_application_name: ignored('each process names itself'),
  client_encoding: ignored('always UTF-8', ['UTF8', 'utf8', 'UTF-8', 'utf-8', 'auto']),
  schema: ignored('our tables are in `public`', ['public']),
  uselibpqcompat: ignored('sslmode always means what libpq means'),
  gssencmode: ignored(NO_GSS, ['disable', 'prefer']),
  gssdelegation: ignored(NO_GSS, ['0']),
  krbsrvname: ignored(NO_GSS),
  gsslib: ignored(NO_GSS),
  sslcompression: ignored('TLS is never compressed'),
  sslsni: ignored('the server’s name is always sent', ['1']),
  load_balance_hosts: ignored('there is one host'),
  target_session_attrs: ignored(
    'there is one host; a server that takes no writes says so at the first',
    ['any', 'read-write', 'primary', 'prefer-standby'],
  ),
  connection_limit: ignored('each process has a pool of its own size'),
  pool_timeout: ignored('our own time-outs apply'),
  socket_timeout: ignored('our own time-outs apply'),
  hostaddr: refused('put the address into the host'),
  passfile: refused('put the password into the address'),
  service: refused('service files are not read: write the address out'),
  servicefile: refused('service files are not read: write the address out'),
  sslcrl: refused('revocation lists are not checked'),
  sslcrldir: refused('revocation lists are not checked'),
  sslcertmode: refused('give sslcert and sslkey, or leave them out'),
  requiressl: refused('use sslmode=require'),
  requirepeer: refused('the peer of a socket is not checked'),
  require_auth: refused('the server chooses how to authenticate'),
  replication: refused('no replication connections are made'),
};
