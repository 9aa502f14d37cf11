// Writes and reads a table of the sandbox. The role's search_path is the sandbox's schema, so no
// table needs a schema's name.
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
await pool.query('INSERT INTO communities (name) VALUES ($1)', ['by pg']);
const { rows } = await pool.query('SELECT name FROM communities ORDER BY created_at');
console.log(rows.map(({ name }) => name).join(', '));
await pool.end();
