"""Columns that never change once written, refused by the database itself, on both databases.

For migrations: `freeze("negotiations_agreement", ["terms", "jws"])`. A rule in code can be
forgotten by a shell; a trigger cannot. SQLite drops a table's triggers when a later migration
rebuilds the table: freeze again there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import migrations


def freeze(
    table: str, always: Sequence[str], once: Sequence[str] = (), emptied: str = "", again: bool = False
) -> migrations.RunPython:
    """`always` may not change after the insert; `once` may be filled while empty and then stays.

    `emptied`: an SQL condition on OLD and NEW under which what was filled once may be emptied, nothing else.
    `again`: it replaces what an earlier migration froze there.
    """
    sqlite = [f"OLD.{c} IS NOT NEW.{c}" for c in always]
    but = {c: f" AND NOT (NEW.{c} = '' AND {emptied})" if emptied else "" for c in once}
    sqlite += [f"(OLD.{c} <> '' AND OLD.{c} IS NOT NEW.{c}{but[c]})" for c in once]
    postgres = [f"OLD.{c} IS DISTINCT FROM NEW.{c}" for c in always]
    postgres += [f"(OLD.{c} <> '' AND OLD.{c} IS DISTINCT FROM NEW.{c}{but[c]})" for c in once]
    sentence = f"what was signed or recorded in {table} never changes"

    def add(apps: Any, schema_editor: Any) -> None:
        if again:
            remove(apps, schema_editor)
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(
                f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table} WHEN {' OR '.join(sqlite)} "
                f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            )
        elif schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"CREATE FUNCTION {table}_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ "
                f"BEGIN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
            )
            schema_editor.execute(
                f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table} FOR EACH ROW "
                f"WHEN ({' OR '.join(postgres)}) EXECUTE FUNCTION {table}_frozen()"
            )

    def remove(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_frozen")
        elif schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_frozen ON {table}")
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_frozen()")

    return migrations.RunPython(add, remove)
