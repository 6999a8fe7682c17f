"""Columns that never change once written, refused by the database itself, on both databases.

For migrations: `freeze("negotiations_agreement", ["terms", "jws"])`. A rule in code can be
forgotten by a shell; a trigger cannot. SQLite drops a table's triggers when a later migration
rebuilds the table: freeze again there, or put what rebuilds it between `keeping(table)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import migrations


def freeze(
    table: str,
    always: Sequence[str],
    once: Sequence[str] = (),
    emptied: str = "",
    open_while: Mapping[str, str] | None = None,
    again: bool = False,
) -> migrations.RunPython:
    """`always` may not change after the insert; `once` may be filled while empty and then stays.

    `emptied`: an SQL condition on OLD and NEW under which what was filled once may be emptied, nothing else.
    `open_while`: column → SQL condition on OLD under which it may still change.
    `again`: it replaces what an earlier migration froze there.
    """
    still = dict(open_while or {})
    sqlite = [f"OLD.{c} IS NOT NEW.{c}" for c in always]
    but = {c: f" AND NOT (NEW.{c} = '' AND {emptied})" if emptied else "" for c in once}
    sqlite += [f"(OLD.{c} <> '' AND OLD.{c} IS NOT NEW.{c}{but[c]})" for c in once]
    postgres = [f"OLD.{c} IS DISTINCT FROM NEW.{c}" for c in always]
    postgres += [f"(OLD.{c} <> '' AND OLD.{c} IS DISTINCT FROM NEW.{c}{but[c]})" for c in once]
    sqlite += [f"(OLD.{c} IS NOT NEW.{c} AND NOT ({when}))" for c, when in still.items()]
    postgres += [f"(OLD.{c} IS DISTINCT FROM NEW.{c} AND NOT ({when}))" for c, when in still.items()]
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


def keeping(table: str, *operations: Any) -> list[Any]:
    """These operations of a migration, after which the table has its triggers as before. SQLite drops them."""
    kept: list[tuple[str, str]] = []

    def remember(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "sqlite":
            with schema_editor.connection.cursor() as cursor:
                cursor.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table]
                )
                kept[:] = cursor.fetchall()

    def restore(apps: Any, schema_editor: Any) -> None:
        for name, sql in kept:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
            schema_editor.execute(sql.replace("%", "%%"))

    return [
        migrations.RunPython(remember, restore),
        *operations,
        migrations.RunPython(restore, remember),
    ]
