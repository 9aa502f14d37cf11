/** The role's search_path is the sandbox's schema: set no `searchPath` here, and no `schemaName` in the migrations. */
export default {
  client: 'pg',
  connection: process.env.DATABASE_URL,
  pool: { min: 0, max: 2 },
  migrations: { directory: './migrations', loadExtensions: ['.mjs'] },
};
