"""The audit trail's pages over a log of 1,000,000 entries: milliseconds of the server for each filter.

`python -m bench.log_pages` measures on SQLite and on PostgreSQL and prints; `--write` puts the figures into the pages of the
benchmark. Each database is measured in a process of its own, by Django's test client: from the request to the answer, the
side list and all; median of seven after two to warm up, and the best of the seven. ROWS=100000 makes it short.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from bench import portals

ROWS = int(os.environ.get("ROWS") or 1_000_000)
PEOPLE, OBJECTS, AIM = 2_000, 50_000, 200
TITLE = "The trail of a long log"
Figures = dict[str, dict[str, float]]
# Busy and rare, of what the reader meets: shares of all entries.
WHAT = [
    ("delivery.download", 40),
    ("request.submit", 25),
    ("job.finish", 20),
    ("dataset.edit", 14.99),
    ("agreement.suspend", 0.01),
]
DOORS = [("web", 70), ("api", 25), ("worker", 4.99), ("calendar", 0.01)]


def measured() -> dict[str, Figures]:
    """Database → filter → `queries`, `ms` and `best`, for an owner whose organisation reads every entry."""
    return portals.on_each("log_pages")


def section(found: dict[str, Figures]) -> str:
    """The figures as a part of the benchmark's page."""
    pages = list(next(iter(found.values())))
    slowest = max(f["ms"] for one in found.values() for f in one.values() if f.get("page", 1))
    lines = [
        f"| {page} | " + " | ".join(f"{one[page]['queries']:.0f} | {one[page]['ms']:.0f} | {one[page]['best']:.0f}" for one in found.values()) + " |"
        for page in pages
    ]  # fmt: skip
    return "\n".join([
        f"## {TITLE}", "",
        f"{ROWS:,} entries, all of them read by one organisation and a third by another; {PEOPLE:,} people, {OBJECTS:,} objects. Its owner "
        f"looks. Each whole page, queries and milliseconds of the server: the median and the best of seven.", "",
        "| filter | " + " | ".join(f"{name}: queries | ms | best" for name in found) + " |",
        "| --- |" + " ---: | ---: | ---: |" * len(found), *lines, "",
        f"Aim: at most {AIM} ms with any filter; {'met' if slowest <= AIM else f'not met, the slowest takes {slowest:.0f}'}.", "",
    ])  # fmt: skip


def keep(found: dict[str, Figures]) -> None:
    portals.keep("log_pages", TITLE, section(found), found)


def _rows(cast: Any, draw: Random) -> Iterator[tuple[list[Any], list[list[Any]], list[Any]]]:
    """(event, its party rows, its leaf) as columns, in the order of COLUMNS."""
    hudson, meridian = (cast.organisations[name].pk for name in ("hudson", "meridian"))
    people = [
        (cast.users["dana"].pk, "Dana Ruiz", hudson, "Hudson Carriers"),
        (cast.users["piotr"].pk, "Piotr Nowak", meridian, "Meridian Insurance"),
    ]
    people += [
        (
            UUID(int=draw.getrandbits(128)),
            f"Person {i}",
            meridian if i % 3 else hudson,
            "Meridian Insurance" if i % 3 else "Hudson Carriers",
        )
        for i in range(PEOPLE)
    ]
    # Some do most of it, most do little.
    weights = [ROWS / 10, ROWS / 20, *(ROWS / (10 * (i + 1)) for i in range(PEOPLE))]
    subjects = [UUID(int=draw.getrandbits(128)) for _ in range(OBJECTS)]
    start = datetime.now(UTC) - timedelta(days=3 * 365)
    step = timedelta(days=3 * 365) / ROWS
    whats, doors = ([c for c, _ in of] for of in (WHAT, DOORS))
    who_all = draw.choices(people, weights, k=ROWS)
    what_all = draw.choices(whats, [w for _, w in WHAT], k=ROWS)
    door_all = draw.choices(doors, [w for _, w in DOORS], k=ROWS)
    for i in range(ROWS):
        pk, subject = UUID(int=draw.getrandbits(128), version=4), subjects[int(OBJECTS * draw.random() ** 3)]
        who, what, door = who_all[i], what_all[i], door_all[i]
        machine, _, action = what.partition(".")
        created, refused = start + step * i, i % 500 == 0
        title = f"Flights {subject.hex[:4]}" if i != 7 else "The only needle"
        event = [pk, created, machine, action, subject, None, title, "", "", who[0], who[1], who[2], who[3], door, "",
                 "{}", "{}", '{"refused": {}}' if refused else "{}", f"{draw.getrandbits(128):032x}", "{}", "{}"]  # fmt: skip
        readers = [hudson, meridian] if i % 3 == 0 else [hudson]
        parties = [[r, created, who[0], who[2], subject, machine, action, door, refused, pk] for r in readers]
        yield event, parties, [i, pk, f"{draw.getrandbits(256):064x}"]


COLUMNS = {
    "audit_event": ["id", "created", "machine", "action", "subject_id", "subject_version", "subject_title", "from_state", "to_state", "actor_id", "actor_name",
                    "organisation_id", "organisation_name", "door", "reason", "before", "after", "detail", "secret", "salts", "erased"],
    "audit_eventparty": ["organisation_id", "created", "actor_id", "acting_id", "subject_id", "machine", "action", "door", "refused", "event_id"],
    "audit_leaf": ["index", "event_id", "leaf_hash"],
}  # fmt: skip


def _fill(cast: Any) -> None:
    """Straight into the tables, past the triggers: the number matters here, not how the entries came to be."""
    from django.db import connection

    from kernel.audit.models import Event, EventParty
    from kernel.audit.seal import seal_all

    seal_all()
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_event_waits" + ("" if sqlite else " ON audit_event"))
        for model in (Event, EventParty):
            with connection.schema_editor() as editor:
                for index in model._meta.indexes:
                    editor.remove_index(model, index)
        cursor.execute('SELECT MAX("index") FROM audit_leaf')
        offset = cursor.fetchone()[0] + 1
        batches: dict[str, list[Any]] = {table: [] for table in COLUMNS}

        def write() -> None:
            for table, rows in batches.items():
                names = ", ".join(f'"{c}"' for c in COLUMNS[table])
                if sqlite:
                    marks = ", ".join("?" for _ in COLUMNS[table])
                    plain = [[_plain(v) for v in row] for row in rows]
                    cursor.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", plain)
                else:
                    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                        for row in rows:
                            copy.write_row(row)
                rows.clear()

        if sqlite:
            cursor.execute("BEGIN")
        for event, parties, leaf in _rows(cast, Random(7)):
            batches["audit_event"].append(event)
            batches["audit_eventparty"] += parties
            batches["audit_leaf"].append([leaf[0] + offset, *leaf[1:]])
            if len(batches["audit_event"]) == 20_000:
                write()
        write()
        if sqlite:
            cursor.execute("COMMIT")
        for model in (Event, EventParty):
            with connection.schema_editor() as editor:
                for index in model._meta.indexes:
                    editor.add_index(model, index)
        cursor.execute("ANALYZE")


def _plain(value: Any) -> Any:
    """As Django writes it into SQLite."""
    if isinstance(value, UUID):
        return value.hex
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def measure() -> Figures:
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext, setup_test_environment

    from kernel.audit.models import EventParty
    from tests.cast import assemble
    from tests.test_access import token

    call_command("migrate", verbosity=0)
    setup_test_environment(debug=False)
    cast = assemble()
    began = time.perf_counter()
    _fill(cast)
    print(f"{connection.vendor}: filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    clients = {}
    for name in ("dana", "piotr"):
        clients[name] = Client()
        clients[name].force_login(
            cast.users[name], backend="allauth.account.auth_backends.AuthenticationBackend"
        )
    reads = token(cast, "dana", ["read"])
    mine = EventParty.objects.filter(organisation_id=cast.organisations["hudson"].pk)
    middle = mine.order_by("created")[ROWS // 2]
    busy, rare = middle.subject_id, mine.filter(machine="agreement").order_by("created")[0].subject_id
    day = middle.created.date()
    at = f"{int(middle.created.timestamp() * 1_000_000)}-{middle.event_id.hex}"
    asked = {
        "none": "", "older, from the middle": f"older={at}", "newer, from the middle": f"newer={at}",
        "who, busy": "who=Dana+Ruiz", "who, seldom": "who=" + str(mine.order_by("created")[3].actor_id), "who, text nobody has": "who=zzzz",
        "organisation": "organisation=Meridian+Insurance", "what, kind": "what=request", "what, action": "what=delivery.download", "what, rare": "what=agreement.suspend",
        "about, id": f"about={busy}", "about, rare": f"about={rare}", "about, reference": f"about=X-{busy.hex[:6]}", "about, text often found": "about=Flights",
        "about, text found once": "about=only+needle", "one day": f"from={day}&until={day}", "a year": f"from={day}&until={day + timedelta(days=365)}",
        "door": "door=web", "door, rare": "door=calendar", "refusals": "refused=1",
        "who and what": "who=Dana+Ruiz&what=delivery.download", "two that never meet": "who=Dana+Ruiz&what=agreement.suspend&door=calendar",
        "kind and door, rare together": "what=delivery&door=calendar", "everything at once": f"who=Dana&organisation=Hudson&what=request.submit&door=api&refused=1&from={day}",
        "another reader": "PIOTR", "another reader, who": "PIOTRwho=Person+7",
        "the calendar of a year": f"YEARyear={day.year}",
        "by API": "APIpage_size=50", "by API, from the middle": f"APIpage_size=50&older={at}", "by API, one object": f"APIsubject={busy}",
        "a file of 10,000 entries, to its end": f"EXPORTfrom={(middle.created - timedelta(days=11)).date()}&until={(middle.created - timedelta(days=1)).date()}",
    }  # fmt: skip
    found: Figures = {}
    for label, query in asked.items():
        client = clients["piotr" if query.startswith("PIOTR") else "dana"]
        is_file, is_year = query.startswith("EXPORT"), query.startswith("YEAR")
        folder = "export.csv" if is_file else "activity/" if is_year else ""
        for mark in ("PIOTR", "EXPORT", "YEAR"):
            query = query.removeprefix(mark)
        by_api = query.startswith("API")
        path = f"/api/v1/events?{query.removeprefix('API')}" if by_api else f"/audit/{folder}?{query}"

        def once(
            client: Any = client,
            path: str = path,
            is_file: bool = is_file,
            more: dict[str, str] = reads if by_api else {},
        ) -> float:
            start = time.perf_counter()
            answer = client.get(path, **more)
            if is_file:
                for _ in answer.streaming_content:
                    pass
            if answer.status_code != 200:
                sys.exit(f"{path}: {answer.status_code}")
            return 1000 * (time.perf_counter() - start)

        once()
        with CaptureQueriesContext(connection) as queries:
            once()
            asked_for = len(queries)
        if os.environ.get("SLOW"):
            for one in sorted(queries, key=lambda q: -float(q["time"]))[:2]:
                print(label, one["time"], one["sql"][:900], file=sys.stderr)
        spent = [once() for _ in range(7)]
        found[label] = {
            "queries": asked_for,
            "ms": round(statistics.median(spent), 1),
            "best": round(min(spent), 1),
            "page": int(not is_file and not is_year),
        }
    return found


if __name__ == "__main__":
    portals.command(__doc__, measured, section, keep, measure)
