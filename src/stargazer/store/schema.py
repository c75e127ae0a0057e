"""The schema as a page of the reference, read from a migrated database."""

from __future__ import annotations

from itertools import groupby

from stargazer.store.database import Connection

HEAD = """# Database schema

Made from a migrated database; a test compares this page with it. What the words mean and why the tables are
shaped so: [how the store works](../explanation/store.md).
"""

_COLUMNS = """
SELECT c.relname AS table_name, obj_description(c.oid, 'pg_class') AS table_comment,
       a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
       col_description(c.oid, a.attnum) AS comment
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
ORDER BY c.relname COLLATE "C", a.attnum
"""
"""Every column of every table of ours, with what is said of it.

Source: https://www.postgresql.org/docs/15/catalogs.html (read 2026-11-24).
"""

_INDEXES = """
SELECT tablename AS table_name, regexp_replace(indexdef, ' ON public\\.\\S+ USING', ' USING') AS definition
FROM pg_indexes WHERE schemaname = 'public' ORDER BY tablename COLLATE "C", indexname COLLATE "C"
"""
"""Every index of every table of ours."""


async def describe(connection: Connection) -> str:
    """Write `docs/reference/schema.md`."""
    columns = await connection.fetch(_COLUMNS)
    indexes = await connection.fetch(_INDEXES)
    parts = [HEAD]
    for table, rows in groupby(columns, key=lambda row: row["table_name"]):
        described = list(rows)
        lines = [f"## `{table}`", "", described[0]["table_comment"] or "", ""]
        lines += ["| column | type | null | |", "|---|---|---|---|"]
        lines += [
            f"| `{row['name']}` | {row['type']} | {'yes' * row['nullable']} | {row['comment'] or ''} |"
            for row in described
        ]
        lines += ["", *(f"- `{row['definition']}`" for row in indexes if row["table_name"] == table), ""]
        parts.append("\n".join(lines))
    return "\n".join(parts)
