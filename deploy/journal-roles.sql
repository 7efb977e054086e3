-- Two users for the journal on PostgreSQL: `bridge_owner` for `bridge journal migrate`, `bridge_serving` for the bridges,
-- which read and write rows and cannot change the schema. Run as the database's administrator, in the journal's own
-- database, before the first migration; then give both a password with \password.
CREATE ROLE bridge_owner LOGIN;
CREATE ROLE bridge_serving LOGIN;
GRANT USAGE, CREATE ON SCHEMA public TO bridge_owner;
GRANT USAGE ON SCHEMA public TO bridge_serving;
ALTER DEFAULT PRIVILEGES FOR ROLE bridge_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO bridge_serving;
ALTER DEFAULT PRIVILEGES FOR ROLE bridge_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO bridge_serving;
