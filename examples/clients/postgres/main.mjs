// Writes and reads a table of the sandbox. The role's search_path is the sandbox's schema, so no
// table needs a schema's name.
import postgres from 'postgres';

const sql = postgres(process.env.DATABASE_URL);
await sql`INSERT INTO communities (name) VALUES ('by postgres')`;
const communities = await sql`SELECT name FROM communities ORDER BY created_at`;
console.log(communities.map(({ name }) => name).join(', '));
await sql.end();
