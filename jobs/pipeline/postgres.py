"""A PostgreSQL table or query as typed Parquet: one statement, in a transaction that may only read, values as text first."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import Cancelled, IntakeError
from jobs.pipeline.intake.kinds import Kind, Marks, convert
from jobs.pipeline.intake.learn import Guess
from jobs.pipeline.intake.spool import Spool
from jobs.pipeline.intake.table import clean_names
from jobs.pipeline.parquet import write_parquet

ROWS = 10_000
ALLOWED = {"host", "port", "dbname", "user", "password", "sslmode", "connect_timeout", "application_name"}
KINDS = {
    "int2": "integer", "int4": "integer", "int8": "integer", "oid": "integer", "bool": "boolean", "date": "date",
    "timestamp": "timestamp", "timestamptz": "timestamp_utc", "numeric": "decimal", "float4": "number", "float8": "number",
}  # fmt: skip
SETTINGS = ("SET LOCAL TIME ZONE 'UTC'", "SET LOCAL datestyle = 'ISO, YMD'", "SET LOCAL intervalstyle = 'iso_8601'",
            "SET LOCAL bytea_output = 'hex'", "SET LOCAL extra_float_digits = 1")  # fmt: skip

WRITES = """SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s
AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))"""


def read(
    place: Mapping[str, Any],
    target: Path,
    progress: Callable[[str, int, int], None],
    cancelled: Callable[[], bool],
    seconds: int,
    hosts: Sequence[str] | None,
    writers: bool = False,
) -> tuple[int, pa.Schema, dict[str, Any], list[str]]:
    """Rows, schema, what was read (without the password), notes. An account that may write is refused, unless
    `writers`. Raises IntakeError."""
    import psycopg

    about = connection_of(str(place.get("dsn", "")), hosts)
    try:
        with psycopg.connect(**{"connect_timeout": 10, "application_name": "commonhold", **about}) as link:
            link.read_only = True
            link.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            try:
                return _read(link, place, about, target, progress, cancelled, seconds, writers)
            finally:
                link.rollback()  # Whatever a function of the query may have done despite all is undone.
    except psycopg.errors.QueryCanceled:
        raise IntakeError(
            "place.timeout", f"The query took longer than {seconds} seconds.", "Choose fewer rows or columns."
        ) from None
    except psycopg.errors.ReadOnlySqlTransaction:
        raise IntakeError(
            "place.writes", "The query would write; only reading is allowed.", "Give a SELECT."
        ) from None
    except psycopg.Error as problem:
        text = str(problem).strip().replace(str(about.get("password") or "\0"), "…")
        raise IntakeError(
            "place.postgres", f"PostgreSQL says: {text[:300]}", "Check address, account and query."
        ) from None


def connection_of(dsn: str, hosts: Sequence[str] | None) -> dict[str, Any]:
    """The parts of the address. Only those of a plain connection are taken, so that it can name no file of the server;
    a socket counts as a host that the operator must allow."""
    import psycopg

    try:
        about = psycopg.conninfo.conninfo_to_dict(dsn)
    except psycopg.Error as problem:
        raise IntakeError(
            "place.url",
            f"The address cannot be read: {str(problem)[:100]}.",
            "Write postgresql://user:password@host/database.",
        ) from None
    unknown = sorted(set(about) - ALLOWED)
    if unknown:
        raise IntakeError("place.url", f"The address may not set {', '.join(unknown)}.", "Leave that out.")
    named = str(about.get("host") or "").split(",")
    for host in named:
        if (hosts is None and (not host or host.startswith("/"))) or (
            hosts is not None and host not in hosts
        ):
            raise IntakeError("place.not_allowed", "This database server is not among those that the operator allows.",
                              "Ask your operator to allow it.")  # fmt: skip
    return about


def _read(
    link: Any,
    place: Mapping[str, Any],
    about: dict[str, Any],
    target: Path,
    progress: Callable[[str, int, int], None],
    cancelled: Callable[[], bool],
    seconds: int,
    writers: bool,
) -> tuple[int, pa.Schema, dict[str, Any], list[str]]:
    from psycopg import sql

    notes: list[str] = []
    for setting in SETTINGS:
        link.execute(setting)
    link.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(seconds * 1000)))
    table, query = str(place.get("table") or ""), str(place.get("query") or "").strip().rstrip(";")
    if bool(table) == bool(query):
        raise IntakeError("place.query", "Give either a table or a query.", "Write one of them.")
    if not writers:
        _must_be_plain(link)
    inner: Any = sql.SQL("SELECT * FROM {}").format(sql.Identifier(*table.split("."))) if table else sql.SQL(query)  # fmt: skip
    whole = sql.SQL("SELECT * FROM ({}\n) AS wanted").format(inner)
    # Prepared first: a prepared statement is one statement, so nothing can follow the query and end the transaction.
    with link.cursor() as looking:
        looking.execute(whole + sql.SQL(" LIMIT 0"), prepare=True)
        described = looking.description or []
    if not writers:
        _must_only_read(link, whole)
    names = clean_names([column.name for column in described], notes)
    if not names:
        raise IntakeError("file.no_rows", "The query has no columns.", "Name the columns.")
    words = [_word(link, column.type_code) for column in described]
    moment = link.execute("SELECT now()").fetchone()[0]
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        spool, guesses = _spooled(link, whole, names, words, Path(folder), progress, cancelled, seconds)
        if not spool.rows:
            raise IntakeError("file.no_rows", "The query gives no row.", "Choose a table or query with rows.")
        kinds = [_kind(word, guess) for word, guess in zip(words, guesses, strict=True)]
        for name, word, kind in zip(names, words, kinds, strict=True):
            if word in KINDS and kind.name == "text":
                notes.append(
                    f"{name}: {word} is kept as text, because some values are none that the type can hold here."
                )
        schema = pa.schema([(n, k.arrow) for n, k in zip(names, kinds, strict=True)])

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in spool.batches(names):
                if cancelled():
                    raise Cancelled
                columns = [_typed(c, w, k) for c, w, k in zip(batch.columns, words, kinds, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)

        rows = write_parquet(batches(), schema, target, lambda done: progress("Write", done, spool.rows))
    source = {"host": about.get("host", ""), "database": link.info.dbname, "user": link.info.user, "read_at": moment.isoformat(),
              "rows": rows, **({"table": table} if table else {"query": query})}  # fmt: skip
    return rows, schema, source, notes


def _must_be_plain(link: Any) -> None:
    """No superuser, and no role that reaches files or programs of the server or writes everywhere."""
    found = link.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = current_user AND rolsuper OR rolname = ANY(%s) AND pg_has_role(oid, 'MEMBER')",
        [["pg_write_all_data", "pg_read_server_files", "pg_write_server_files", "pg_execute_server_program"]],
    ).fetchone()  # fmt: skip
    if found:
        raise IntakeError("place.account", "This account may do more on the server than read tables.",
                          "Give an account with SELECT on the table and nothing else.")  # fmt: skip


def _must_only_read(link: Any, whole: Any) -> None:
    """No right to write to any table that the plan of the query names, nor to own one. What a view reads is in the plan too."""
    from psycopg import sql

    plan = link.execute(sql.SQL("EXPLAIN (VERBOSE, FORMAT JSON) ") + whole, prepare=True).fetchone()[0]
    for schema, table in sorted(_relations(plan)):
        if link.execute(WRITES, [schema, table]).fetchone():
            raise IntakeError("place.account", f"This account may also write to {schema}.{table}.",
                              "Give an account with SELECT on it and nothing else.")  # fmt: skip


def _relations(plan: Any) -> set[tuple[str, str]]:
    """Schema and name of every table in a plan as EXPLAIN gives it in JSON."""
    if isinstance(plan, list):
        return set().union(*(_relations(part) for part in plan))
    if not isinstance(plan, dict):
        return set()
    own = {(plan["Schema"], plan["Relation Name"])} if "Relation Name" in plan and "Schema" in plan else set()
    return own.union(*(_relations(part) for part in plan.values()))


def _word(link: Any, code: int) -> str:
    """The name of a type; arrays, and types that are not known, are text."""
    found = link.adapters.types.get(code)
    return found.name if found and found.oid == code else "text"


def _spooled(
    link: Any,
    whole: Any,
    names: list[str],
    words: list[str],
    folder: Path,
    progress: Callable[[str, int, int], None],
    cancelled: Callable[[], bool],
    seconds: int,
) -> tuple[Spool, list[Guess | None]]:
    """All rows as text on disk, and what the columns that are numbers or dates can be."""
    from psycopg.types.string import TextLoader

    spool, until = Spool(folder), time.monotonic() + seconds
    guesses = [
        Guess(Marks(), [KINDS[w]]) if w in KINDS and w not in ("float4", "float8") else None for w in words
    ]
    with link.cursor(name="commonhold") as cursor:
        cursor.execute(whole)
        for column in cursor.description or []:
            cursor.adapters.register_loader(column.type_code, TextLoader)
        while found := cursor.fetchmany(max(100, min(ROWS, 500_000 // len(names)))):
            if cancelled():
                raise Cancelled
            if time.monotonic() > until:
                raise IntakeError(
                    "place.timeout",
                    f"The query took longer than {seconds} seconds.",
                    "Choose fewer rows or columns.",
                )
            columns = [
                _plain(pa.array(c, pa.string()), w)
                for c, w in zip(zip(*found, strict=True), words, strict=True)
            ]
            spool.add(names, columns)
            for guess, column in zip(guesses, columns, strict=True):
                if guess is not None:
                    guess.see(column)
            progress("Read", spool.rows, 0)
    return spool, guesses


def _plain(column: pa.Array, word: str) -> pa.Array:
    if word == "bool":
        return pc.if_else(pc.equal(column, "t"), "true", pc.if_else(pc.equal(column, "f"), "false", column))
    if word == "timestamptz":
        return pc.replace_substring_regex(column, r"\+00$", "Z")
    return column


def _kind(word: str, guess: Guess | None) -> Kind:
    if word in ("float4", "float8"):
        return Kind("number")
    if guess is None:
        return Kind("text")
    return guess.exact() if guess.seen else Kind(KINDS[word])


def _typed(column: pa.Array, word: str, kind: Kind) -> pa.Array:
    if word in ("float4", "float8"):
        return pc.cast(
            column, pa.float64()
        )  # PostgreSQL writes the shortest text that is exactly this number.
    return convert(column, kind, Marks()).values
