"""SQLAlchemy wants another scheme in the address. Alembic's own table is in the sandbox's schema too: set no `version_table_schema`."""

import logging
import os

from alembic import context
from sqlalchemy import create_engine, pool

logging.basicConfig(format="%(message)s")
logging.getLogger("alembic").setLevel("INFO")
url = os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg://", 1)
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
