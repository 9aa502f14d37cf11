/**
 * Attacks on Postgres that must be refused. The control does the same to the sandbox's own objects.
 */

/** Name, attack, control. `{a}` is the attacker, `{b}` the victim. */
export type PostgresAttack = readonly [string, string, string];

export const POSTGRES_ATTACKS: readonly PostgresAttack[] = [
  ['read a neighbour’s table', 'TABLE sandbox_{b}.communities', 'TABLE sandbox_{a}.communities'],
  [
    'write a neighbour’s table',
    `INSERT INTO sandbox_{b}.communities (name) VALUES ('x')`,
    `INSERT INTO sandbox_{a}.communities (name) VALUES ('x')`,
  ],
  ['empty a neighbour’s table', 'TRUNCATE sandbox_{b}.badges', 'TRUNCATE sandbox_{a}.badges'],
  [
    'create in a neighbour’s schema',
    'CREATE TABLE sandbox_{b}.t (x int)',
    'CREATE TABLE sandbox_{a}.t (x int)',
  ],
  [
    'alter a neighbour’s table',
    'ALTER TABLE sandbox_{b}.badges ADD x int',
    'ALTER TABLE sandbox_{a}.badges ADD x int',
  ],
  ['drop a neighbour’s table', 'DROP TABLE sandbox_{b}.badges', 'DROP TABLE sandbox_{a}.t'],
  ['call a neighbour’s function', 'SELECT sandbox_{b}.f()', 'SELECT sandbox_{a}.own()'],
  [
    'advance a neighbour’s sequence',
    `SELECT nextval('sandbox_{b}.counter')`,
    `SELECT nextval('sandbox_{a}.own_counter')`,
  ],
  [
    'lock a neighbour’s table',
    'LOCK TABLE sandbox_{b}.communities',
    'LOCK TABLE sandbox_{a}.communities',
  ],
  [
    'refer to a neighbour’s table',
    'CREATE TABLE r1 (x uuid REFERENCES sandbox_{b}.communities)',
    'CREATE TABLE r2 (x uuid REFERENCES sandbox_{a}.communities)',
  ],
  [
    'watch a neighbour’s table by trigger',
    'CREATE TRIGGER t BEFORE INSERT ON sandbox_{b}.communities FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    'SELECT 1',
  ],
  ['drop a neighbour’s schema', 'DROP SCHEMA sandbox_{b} CASCADE', 'SELECT 1'],
  [
    'drop its own schema, which is not its own',
    'DROP SCHEMA sandbox_{a} CASCADE',
    'TABLE sandbox_{a}.communities',
  ],
  ['rename its schema', 'ALTER SCHEMA sandbox_{a} RENAME TO production', 'SELECT 1'],
  ['create a schema', 'CREATE SCHEMA mine', 'CREATE TABLE mine (x int)'],
  ['create in public', 'CREATE TABLE public.t (x int)', 'CREATE TABLE u (x int)'],
  ['read the control plane', 'TABLE public.sandboxes', 'TABLE communities'],
  [
    'write the control plane',
    `UPDATE public.sandboxes SET status = 'expired'`,
    `UPDATE communities SET name = 'y'`,
  ],
  ['read the routes', 'TABLE public.sandbox_routes', 'TABLE profiles'],
  [
    'take a guild',
    `INSERT INTO public.sandbox_guild_mapping VALUES ('12345678901234567', '{a}')`,
    'SELECT 1',
  ],
  ['read the audit log', 'TABLE public.sandbox_audit_log', 'TABLE badges'],
  ['provision a neighbour', `SELECT public.provision_sandbox('{b}', 'x')`, 'SELECT 1'],
  ['revoke a neighbour', `SELECT public.revoke_sandbox('{b}')`, 'SELECT 1'],
  [
    'drop a neighbour through the product’s function',
    `SELECT public.drop_sandbox_schema('{b}')`,
    'SELECT 1',
  ],
  ['end a neighbour’s sessions', `SELECT public.terminate_sandbox('{b}')`, 'SELECT 1'],
  ['become the control plane', 'SET ROLE bd_control', 'SET ROLE sandbox_{a}'],
  ['become the worker', 'SET ROLE bd_worker', 'RESET ROLE'],
  ['become a keeper of roles', 'SET ROLE bd_keeper_0', 'RESET ROLE'],
  ['call a keeper', `SELECT bd_keeper_0.terminate_sandbox('{b}')`, 'SELECT 1'],
  ['borrow a neighbour’s role', `SELECT public.sandbox_lend('{b}', 'sandbox_{a}')`, 'SELECT 1'],
  ['become a neighbour', 'SET ROLE sandbox_{b}', 'SET ROLE sandbox_{a}'],
  [
    'become the superuser',
    'SET SESSION AUTHORIZATION postgres',
    'SET SESSION AUTHORIZATION DEFAULT',
  ],
  ['give itself a role', 'GRANT bd_control TO sandbox_{a}', 'SELECT 1'],
  [
    'give itself a right over the server',
    'GRANT pg_execute_server_program TO sandbox_{a}',
    'SELECT 1',
  ],
  ['create a role', 'CREATE ROLE intruder', 'SELECT 1'],
  ['change a neighbour’s password', `ALTER ROLE sandbox_{b} PASSWORD 'x'`, 'SELECT 1'],
  ['lift its connection limit', 'ALTER ROLE sandbox_{a} CONNECTION LIMIT -1', 'SELECT 1'],
  ['lift its limit of temporary space', 'SET temp_file_limit = -1', `SET work_mem = '4MB'`],
  ['run a program', `COPY (SELECT 1) TO PROGRAM 'true'`, 'COPY communities TO STDOUT'],
  ['write a file', `COPY (SELECT 1) TO '/tmp/x'`, 'SELECT 1'],
  ['read a file', `SELECT pg_read_file('PG_VERSION')`, 'SELECT 1'],
  ['list files', `SELECT pg_ls_dir('.')`, 'SELECT 1'],
  [
    'import a file as a large object',
    `SELECT lo_import('/etc/passwd')`,
    'SELECT lo_unlink(lo_create(0))',
  ],
  ['read a neighbour’s large object', 'SELECT lo_get(424242)', 'SELECT lo_get(424243)'],
  ['drop a neighbour’s large object', 'SELECT lo_unlink(424242)', 'SELECT lo_unlink(lo_create(0))'],
  ['make a temporary table', 'CREATE TEMP TABLE t (x int)', 'CREATE UNLOGGED TABLE v (x int)'],
  ['install an extension', 'CREATE EXTENSION dblink', 'SELECT 1'],
  [
    'make a function in an untrusted language',
    `CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'libc', 'getpid'`,
    `CREATE FUNCTION own2() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  ],
  [
    'make an event trigger',
    'CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION own()',
    'SELECT own()',
  ],
  ['make a database', 'CREATE DATABASE mine', 'SELECT 1'],
  [
    'change the server’s settings',
    `ALTER SYSTEM SET max_connections = 1`,
    `SET statement_timeout = '20s'`,
  ],
  [
    'change the database’s settings',
    `ALTER DATABASE sandboxes SET search_path = sandbox_{a}`,
    `SET search_path = sandbox_{a}`,
  ],
  [
    'end another session',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bd_worker' LIMIT 1`,
    'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE false',
  ],
  [
    'read passwords',
    'TABLE pg_authid',
    'SELECT rolname FROM pg_roles WHERE rolname = current_user',
  ],
  ['copy the write-ahead log', `SELECT pg_create_physical_replication_slot('x')`, 'SELECT 1'],
  ['publish all tables', 'CREATE PUBLICATION p FOR ALL TABLES', 'SELECT 1'],
  [
    'connect the server elsewhere',
    `CREATE SUBSCRIPTION s CONNECTION 'host=localhost' PUBLICATION p`,
    'SELECT 1',
  ],
  [
    'lock the catalogue',
    'LOCK TABLE pg_catalog.pg_class IN ACCESS EXCLUSIVE MODE',
    'LOCK TABLE communities IN ACCESS EXCLUSIVE MODE',
  ],
  [
    'copy a neighbour’s table out',
    'COPY sandbox_{b}.communities TO STDOUT',
    'COPY communities TO STDOUT',
  ],
  [
    'have a neighbour’s table planned',
    'EXPLAIN TABLE sandbox_{b}.communities',
    'EXPLAIN TABLE communities',
  ],
  [
    'have a neighbour’s table written as XML',
    `SELECT query_to_xml('TABLE sandbox_{b}.communities', true, true, '')`,
    `SELECT query_to_xml('TABLE communities', true, true, '')`,
  ],
  [
    'make a table like a neighbour’s',
    'CREATE TABLE like1 (LIKE sandbox_{b}.communities)',
    'CREATE TABLE like2 (LIKE communities)',
  ],
  [
    'inherit a neighbour’s table',
    'CREATE TABLE heir1 () INHERITS (sandbox_{b}.communities)',
    'CREATE TABLE heir2 () INHERITS (communities)',
  ],
  [
    'put a view on a neighbour’s table',
    'CREATE VIEW view1 AS TABLE sandbox_{b}.communities',
    'CREATE VIEW view2 AS TABLE communities',
  ],
  [
    'put an index on a neighbour’s table',
    'CREATE INDEX ON sandbox_{b}.communities (name)',
    'CREATE INDEX ON communities (name)',
  ],
  [
    'put a rule on a neighbour’s table',
    'CREATE RULE r AS ON INSERT TO sandbox_{b}.communities DO NOTHING',
    'CREATE RULE r AS ON INSERT TO mine DO NOTHING',
  ],
  [
    'put a policy on a neighbour’s table',
    'CREATE POLICY p ON sandbox_{b}.communities USING (true)',
    'CREATE POLICY p ON mine USING (true)',
  ],
  [
    'give a neighbour’s rights away',
    'GRANT SELECT ON sandbox_{b}.communities TO PUBLIC',
    'GRANT SELECT ON communities TO PUBLIC',
  ],
  [
    'comment on a neighbour’s table',
    `COMMENT ON TABLE sandbox_{b}.badges IS 'x'`,
    `COMMENT ON TABLE communities IS 'x'`,
  ],
  ['take over what a neighbour owns', 'REASSIGN OWNED BY sandbox_{b} TO sandbox_{a}', 'SELECT 1'],
  ['drop what a neighbour owns', 'DROP OWNED BY sandbox_{b}', 'SELECT 1'],
  [
    'push its own things onto a neighbour',
    'REASSIGN OWNED BY sandbox_{a} TO sandbox_{b}',
    'SELECT 1',
  ],
  [
    'give a table to a neighbour',
    'ALTER TABLE mine OWNER TO sandbox_{b}',
    'ALTER TABLE mine OWNER TO sandbox_{a}',
  ],
  [
    'give a function to the control plane',
    'ALTER FUNCTION own() OWNER TO bd_control',
    'ALTER FUNCTION own() OWNER TO sandbox_{a}',
  ],
  [
    'move a table into a neighbour’s schema',
    'ALTER TABLE mine SET SCHEMA sandbox_{b}',
    'ALTER TABLE mine SET SCHEMA sandbox_{a}',
  ],
  ['move a table into public', 'ALTER TABLE mine SET SCHEMA public', 'SELECT 1'],
  ['make a schema for a neighbour', 'CREATE SCHEMA AUTHORIZATION sandbox_{b}', 'SELECT 1'],
  [
    'advance a neighbour’s sequence by its number',
    `SELECT nextval(oid) FROM pg_class WHERE relname = 'counter' AND relnamespace = 'sandbox_{b}'::regnamespace`,
    `SELECT nextval(oid) FROM pg_class WHERE relname = 'own_counter'`,
  ],
  [
    'set a neighbour’s sequence by its number',
    `SELECT setval(oid, 1) FROM pg_class WHERE relname = 'counter' AND relnamespace = 'sandbox_{b}'::regnamespace`,
    `SELECT setval(oid, 1) FROM pg_class WHERE relname = 'own_counter'`,
  ],
  [
    'write a neighbour’s large object',
    `SELECT lo_put(424242, 0, 'x')`,
    `SELECT lo_put(424243, 0, 'x')`,
  ],
  [
    'own a neighbour’s large object',
    'ALTER LARGE OBJECT 424242 OWNER TO sandbox_{a}',
    'ALTER LARGE OBJECT 424243 OWNER TO sandbox_{a}',
  ],
  [
    'give itself a neighbour’s large object',
    'GRANT SELECT ON LARGE OBJECT 424242 TO sandbox_{a}',
    'GRANT SELECT ON LARGE OBJECT 424243 TO sandbox_{a}',
  ],
  [
    'write the catalogue',
    `UPDATE pg_catalog.pg_class SET relname = 'x' WHERE false`,
    'SELECT count(*) FROM pg_catalog.pg_class',
  ],
];

/** Setup for the controls. */
export const POSTGRES_PREPARATION = `
  CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SEQUENCE own_counter;
  SELECT nextval('own_counter'); INSERT INTO communities (name) SELECT 'x' FROM generate_series(1, 10); ANALYZE communities;
  SELECT lo_from_bytea(424243, 'x')`;

/** insufficient_privilege, and the messages of PG 15 for roles and parameters. */
export const POSTGRES_REFUSALS = ['42501', '0LP01'];

/** The SQLSTATE of attacks, by name, that fail for another reason than a missing right. */
export const OTHER_REFUSALS: Readonly<Record<string, string>> = {
  // Prepared transactions are off by default: one would keep its locks after its role's sessions
  // are ended.
  'leave a transaction behind its session': '55000',
  // It concerns the session's own role.
  'take another name': '0A000',
};
