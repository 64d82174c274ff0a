-- Two roles beside the server's administrator: one owns the tables and migrates, one runs web and worker. Run at each
-- start of compose, as the administrator, in the dashboard's database. `grant_app_role` sets what the second may do.
\set ON_ERROR_STOP on
\getenv owner_password DATABASE_OWNER_PASSWORD
\getenv app_password DATABASE_APP_PASSWORD
BEGIN;
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['dashboard_owner', 'dashboard_app']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE dashboard_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'owner_password';
ALTER ROLE dashboard_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'app_password';
SELECT format('ALTER DATABASE %I OWNER TO dashboard_owner', current_database()) \gexec
-- Take over what an older version made as the administrator, except what belongs to an extension.
SELECT format('ALTER TABLE %s OWNER TO dashboard_owner', oid::regclass) FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND relowner <> 'dashboard_owner'::regrole
   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e') \gexec
SELECT format('ALTER FUNCTION %s OWNER TO dashboard_owner', oid::regprocedure) FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace AND proowner <> 'dashboard_owner'::regrole
   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e') \gexec
COMMIT;
