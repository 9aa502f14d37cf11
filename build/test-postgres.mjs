// `npm run test:postgres`: the tests of the catalogue on each server of POSTGRES_URLS
// (administrators' addresses, separated by commas). One of them compares by `pg_dump`, which must be
// as new as the newest server.
import { spawnSync } from 'node:child_process';
import { codeOf, installed } from './installed.mjs';

const servers = (process.env.POSTGRES_URLS ?? '').split(',').filter((url) => url !== '');
const dump = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' });
if (servers.length === 0) console.error('POSTGRES_URLS names no server');
if (dump.status !== 0) console.error('pg_dump is not installed (a package postgresql-client)');
if (servers.length === 0 || dump.status !== 0) process.exit(1);
installed();
const codes = servers.map((server) => {
  console.log(`\nthe server at ${new URL(server).host}, compared by ${dump.stdout.trim()}`);
  return codeOf(
    'node_modules/.bin/vitest',
    ['run', 'test/system/catalogue', ...process.argv.slice(2)],
    { ...process.env, POSTGRES_SERVERS: '1', CATALOGUE_POSTGRES: server },
  );
});
process.exit(Math.max(...codes));
