-- The router reads its installation's table from Redis, which may hold those of several.
GRANT SELECT ON sandbox_installation TO bd_router;
