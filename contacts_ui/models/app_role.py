"""The rights of the PostgreSQL role that runs web and worker, if another role owns the tables and migrates.

It reads and writes rows, but can't change tables, triggers, functions, or ledger entries.
"""

from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from contacts_ui.models.ledger_guards import ENTRIES, HEAD, PRUNED

# Tables in which it may do less than read and write all rows.
RIGHTS: Final = {
    ENTRIES: "SELECT, INSERT",
    HEAD: "SELECT, INSERT, UPDATE",
    PRUNED: "SELECT",
    "django_migrations": "SELECT",
}
# The ledger's triggers would read a temporary table of its name in place of the real one.
_STATEMENTS: Final = (
    "REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC, {role}",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}",
    "GRANT CONNECT ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA public TO {role}",
    "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
)
_TOO_POWERFUL: Final = """
    SELECT rolsuper OR rolcreaterole OR rolreplication OR pg_has_role(rolname, current_user, 'MEMBER')
        OR EXISTS (SELECT 1 FROM pg_auth_members WHERE member = pg_roles.oid)
        OR EXISTS (SELECT 1 FROM pg_class WHERE relowner = pg_roles.oid)
    FROM pg_roles WHERE rolname = %s"""
# Rights that an owner of the tables can't take away unless it owns the database too.
_STILL_MAY: Final = """
    SELECT has_database_privilege(%s, current_database(), 'TEMPORARY')
        OR has_schema_privilege(%s, 'public', 'CREATE')"""


class NoSuchRole(Exception):
    """There is no role with this name."""


class TooPowerful(Exception):
    """The role could take back its rights: it has its own powers, or owns a table."""


def grant(connection: BaseDatabaseWrapper, role: str) -> None:
    """Grant the role its rights, and revoke all others. Run as the tables' owner, after `migrate`; safe to repeat.

    Raises NoSuchRole, TooPowerful, and Django's DatabaseError if the owner may not.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TOO_POWERFUL, [role])
        found = cursor.fetchone()
        if not found:
            raise NoSuchRole
        if found[0]:
            raise TooPowerful
        names = {
            "role": sql.Identifier(role),
            "database": sql.Identifier(connection.settings_dict["NAME"]),
        }
        for statement in _STATEMENTS:
            cursor.execute(sql.SQL(statement).format(**names))
        for table, rights in RIGHTS.items():
            names["table"] = sql.Identifier(table)
            cursor.execute(sql.SQL("REVOKE ALL ON {table} FROM PUBLIC, {role}").format(**names))
            cursor.execute(sql.SQL(f"GRANT {rights} ON {{table}} TO {{role}}").format(**names))
        cursor.execute(_STILL_MAY, [role, role])
        if cursor.fetchone()[0]:
            raise TooPowerful
