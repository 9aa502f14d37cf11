/** Without `?schema=` Prisma works in the schema `public`, whatever the role's search_path is. */
const url = new URL(process.env.DATABASE_URL);
if (process.env.SANDBOX_SCHEMA) url.searchParams.set('schema', process.env.SANDBOX_SCHEMA);

export default {
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  datasource: { url: url.href },
};
