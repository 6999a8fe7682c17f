"""The log with 1,000,000 entries: writing, sequencing, proofs, verification, a bundle of 10,000.

`python -m bench.log` measures on SQLite and on PostgreSQL and prints; `--write` puts the figures into the pages of the
benchmark, as `make bench` does; ENTRIES=100000 makes it small. Each database is measured in a process of its own.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import portals

ENTRIES, BUNDLE, SAMPLES = int(os.environ.get("ENTRIES") or 1_000_000), 10_000, 500
APPEND_AIM, BUNDLE_AIM = 1.0, 2.0
TITLE = "The log"
ROWS = {
    "append_ms": ("Writing an entry, within a business transaction", "ms"),
    "append_beside_ms": ("The same, with a sequencer at work beside it", "ms"),
    "seal_rate": ("Sequencing: entries placed a second", "1/s"),
    "seal_one_ms": ("Sequencing one new entry at the end of the log", "ms"),
    "proof_ms": ("A proof of inclusion, made and checked (median)", "ms"),
    "proof_p95_ms": ("The same, 95th percentile", "ms"),
    "consistency_ms": ("A proof of consistency, made and checked (median)", "ms"),
    "verify_rate": ("Verifying the whole log: entries a second", "1/s"),
    "verify_s": ("Verifying the whole log", "s"),
    "bundle_make_s": (f"Making a bundle of {BUNDLE:,} entries", "s"),
    "bundle_verify_s": ("`python verify.py` on it, start of Python included", "s"),
    "bundle_mb": ("Its size", "MB"),
}
Figures = dict[str, float]


def measured() -> dict[str, Figures]:
    """Database → figure → value."""
    return portals.on_each("log")


def section(found: dict[str, Figures]) -> str:
    """The figures as a part of the benchmark's page."""
    append = max(f["append_ms"] for f in found.values())
    bundle = max(f["bundle_verify_s"] for f in found.values())
    said = lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: E731
    lines = [
        f"| {label} | " + " | ".join(said(one[name]) for one in found.values()) + f" | {unit} |"
        for name, (label, unit) in ROWS.items()
    ]
    return "\n".join([
        f"## {TITLE}", "",
        f"{ENTRIES:,} entries, each with six committed values; {SAMPLES} samples of what is short. One process of Python.", "",
        "| what | " + " | ".join(found) + " | |", "| --- |" + " ---: |" * len(found) + " --- |", *lines, "",
        f"Aim: an entry costs its transaction less than {APPEND_AIM:.0f} ms; {'met' if append < APPEND_AIM else f'not met, {append:.2f}'}. "
        f"A bundle of {BUNDLE:,} entries verifies in less than {BUNDLE_AIM:.0f} s; {'met' if bundle < BUNDLE_AIM else f'not met, {bundle:.2f}'}.", "",
    ])  # fmt: skip


def keep(found: dict[str, Figures]) -> None:
    portals.keep("log", TITLE, section(found), found)


def _ms(work: Callable[[], Any], times: int) -> list[float]:
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - started))
    return found


class _Thing:
    """Something to write about."""

    def __init__(self) -> None:
        import uuid

        self.pk = uuid.uuid4()

    def title(self) -> str:
        return "Flights of New York"

    def parties(self) -> dict[str, Any]:
        return {}

    def frames(self) -> tuple[Any, ...]:
        return ()


def _fill() -> None:
    import uuid

    from django.utils import timezone

    from kernel.actor import system
    from kernel.audit.models import Event
    from kernel.audit.record import note

    note("thing", "happen", _Thing(), system("bench"))
    for start in range(1, ENTRIES, 5_000):
        Event.objects.bulk_create([
            Event(
                id=uuid.uuid4(), created=timezone.now(), machine="thing", action="happen", subject_id=uuid.uuid4(),
                subject_title="Flights of New York", actor_name=f"Person {n % 500}", door="web", reason="Because",
                before={"state": "draft"}, after={"state": "listed"}, detail={"rows": n},
            )
            for n in range(start, min(start + 5_000, ENTRIES))
        ])  # fmt: skip


def _append() -> float:
    """Milliseconds that an entry adds to a transaction with a change in it."""
    from django.db import transaction

    from kernel.actor import system
    from kernel.audit.record import note
    from kernel.models import Outbox

    actor = system("bench")

    def change(write: bool) -> Callable[[], None]:
        def work() -> None:
            with transaction.atomic():
                Outbox.objects.create(topic="bench", payload={"n": 1})
                if write:
                    note("thing", "happen", _Thing(), actor, rows=1, state="listed")

        return work

    pairs = [(_ms(change(False), 1)[0], _ms(change(True), 1)[0]) for _ in range(SAMPLES)]
    return statistics.median(w for _, w in pairs) - statistics.median(o for o, _ in pairs)


def measure() -> Figures:
    import threading

    from django.core.management import call_command
    from django.db import connection

    from jobs.evidence import bundle, scope
    from kernel.actor import system
    from kernel.audit import notes, proofs, tree
    from kernel.audit.models import Checkpoint, Leaf
    from kernel.audit.seal import seal, seal_all
    from kernel.audit.verify import verify

    found: Figures = {}
    call_command("migrate", verbosity=0)
    _fill()
    started = time.perf_counter()
    seal_all()
    found["seal_rate"] = ENTRIES / (time.perf_counter() - started)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    found["append_ms"] = _append()
    stop = threading.Event()

    def sequencer() -> None:
        while not stop.is_set():
            seal()
            time.sleep(0.2)
        connection.close()

    beside = threading.Thread(target=sequencer)
    beside.start()
    found["append_beside_ms"] = _append()
    stop.set()
    beside.join()
    seal_all()

    def one_more() -> None:
        from kernel.audit.record import note

        note("thing", "happen", _Thing(), system("bench"))
        started = time.perf_counter()
        seal()
        times.append(1000 * (time.perf_counter() - started))

    times: list[float] = []
    for _ in range(50):
        one_more()
    found["seal_one_ms"] = statistics.median(times)
    head, chance = Checkpoint.objects.first(), random.Random(1)
    assert head is not None

    def inclusion() -> None:
        leaf = Leaf.objects.get(index=chance.randrange(head.size))
        assert proofs.inclusion(leaf, head).holds

    old = [notes.read(c.note) for c in Checkpoint.objects.order_by("size")]
    new = notes.read(head.note)

    def consistent() -> None:
        one = chance.choice(old)
        proof = [bytes.fromhex(h) for h in proofs.consistency(one.size, new.size)]
        assert tree.is_consistent(one.size, new.size, one.root, new.root, proof)

    taken = _ms(inclusion, SAMPLES)
    found["proof_ms"], found["proof_p95_ms"] = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    found["consistency_ms"] = statistics.median(_ms(consistent, SAMPLES // 5))
    started = time.perf_counter()
    result = verify()
    assert result.holds, result.broken
    found["verify_s"] = time.perf_counter() - started
    found["verify_rate"] = result.events / found["verify_s"]
    first = Leaf.objects.select_related("event").get(index=ENTRIES - BUNDLE - 1_000).event.created
    last = Leaf.objects.select_related("event").get(index=ENTRIES - 1_000).event.created
    with tempfile.TemporaryDirectory() as folder:
        zipped = Path(folder) / "bundle.zip"
        started = time.perf_counter()
        with zipped.open("w+b") as file:
            made = bundle.write(scope.of_period(first, last, system("bench")), system("bench"), file)
        found["bundle_make_s"] = time.perf_counter() - started
        found["bundle_entries"] = made.entries
        found["bundle_mb"] = zipped.stat().st_size / 1e6
        with zipfile.ZipFile(zipped) as archive:
            archive.extractall(Path(folder) / "bundle")
        command = [sys.executable, "-I", "verify.py"]

        def check() -> None:
            subprocess.run(command, cwd=Path(folder) / "bundle", check=True, capture_output=True)

        found["bundle_verify_s"] = statistics.median(_ms(check, 3)) / 1000
    return found


if __name__ == "__main__":
    portals.command(__doc__, measured, section, keep, measure)
