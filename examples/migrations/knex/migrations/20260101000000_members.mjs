export async function up(knex) {
  await knex.schema.createTable('members', (table) => {
    table.increments('id');
    table.text('discord_id').notNullable().unique();
  });
  await knex.schema.createTable('warnings', (table) => {
    table.increments('id');
    table.integer('member_id').notNullable().references('members.id').onDelete('CASCADE');
    table.enu('severity', ['note', 'ban']).notNullable();
  });
}

export async function down(knex) {
  await knex.schema.dropTable('warnings');
  await knex.schema.dropTable('members');
}
