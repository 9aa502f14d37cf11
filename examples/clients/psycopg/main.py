"""Writes and reads a table of the sandbox. Its role's search_path is the sandbox's schema: no table needs a schema's name."""

import os

import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("INSERT INTO communities (name) VALUES (%s)", ["by psycopg"])
    rows = connection.execute("SELECT name FROM communities ORDER BY created_at").fetchall()
    print(", ".join(name for (name,) in rows))
