/** The baseline: hono alone, with the same SELECT. Started by bench/api/main.ts with the database's address. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { describeSandbox } from '../../domain/sandbox.js';
import { parseSandboxRef } from '../../domain/names.js';
import { openDatabase } from '../../store/database.js';
import { findSandbox } from '../../store/sandboxes.js';

const database = openDatabase(process.env.BARE_DATABASE_URL ?? '', { name: 'bare', max: 10 });
const app = new Hono();
app.get('/v1/sandboxes/:ref', async (http) => {
  const row = await findSandbox(database, parseSandboxRef(http.req.param('ref')));
  return row === null ? http.notFound() : http.json(describeSandbox(row));
});
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  process.send?.({ port });
});
