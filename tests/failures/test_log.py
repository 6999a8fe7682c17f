"""The log under stress: eight writers, sequencers that are killed again and again, a clock that goes backwards, a backup in the middle."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from kernel.actor import system
from kernel.audit import notes, tree
from kernel.audit.models import Checkpoint, Event, Leaf, Waiting
from kernel.audit.proofs import Reader, consistency
from kernel.audit.record import note
from kernel.audit.seal import seal_all
from kernel.audit.verify import verify
from tests import servers
from tests.failures.stage import database_url

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

WRITERS, EACH = 8, 80
# Forks sequencers and kills each after some milliseconds, until its input is closed.
KILLER = """
import os, random, select, signal, sys, time
import django
django.setup()
from django.db import connection
from kernel.audit.seal import seal
random.seed(int(sys.argv[1]))
killed = 0
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    child = os.fork()
    if child == 0:
        try:
            while True:
                seal(limit=7)
        finally:
            os._exit(1)
    time.sleep(random.uniform(0.02, 0.15))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    killed += 1
    # The server sees only then that nobody is there any more, and there are not places without end.
    time.sleep(0.05)
print(killed, flush=True)
"""


class Thing:
    """Something to write about, that nobody else reads."""

    def __init__(self) -> None:
        self.pk = uuid4()

    def title(self) -> str:
        return "A thing"

    def parties(self) -> dict[str, Any]:
        return {}

    def frames(self) -> tuple[Any, ...]:
        return ()


class RolledBack(Exception):
    pass


def write(number: int, begin: threading.Barrier, committed: list[UUID], undone: list[UUID]) -> None:
    """Events of one writer: each in its transaction, every fifth rolled back, with a clock that jumps an hour either way."""
    chance = random.Random(number)
    try:
        connection.ensure_connection()
        begin.wait(timeout=60)
        for turn in range(EACH):
            try:
                with transaction.atomic():
                    event = note("thing", "happen", Thing(), system(f"writer {number}"), turn=turn)
                    if turn % 5 == 4:
                        raise RolledBack
                committed.append(event.pk)
            except RolledBack:
                undone.append(event.pk)
            time.sleep(chance.uniform(0, 0.01))
    finally:
        connection.close()


def killers(count: int) -> list[subprocess.Popen[str]]:
    env = {
        **os.environ,
        "TESTING": "1",
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", KILLER, str(n)],
            cwd=settings.BASE_DIR,
            env=env,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for n in range(count)
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    return started


def stopped(started: list[subprocess.Popen[str]]) -> int:
    """How many sequencers were killed in all."""
    return sum(int(process.communicate("stop\n", timeout=30)[0]) for process in started)


def backup(folder: Path) -> str:
    """The database as it is now, restored elsewhere; its DATABASE_URL."""
    if connection.vendor == "sqlite":
        copy = folder / "restored.sqlite3"
        with sqlite3.connect(connection.settings_dict["NAME"]) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        return f"sqlite:///{copy}"
    known = connection.settings_dict
    at = ["-h", known["HOST"], "-U", known["USER"]]
    dump = folder / "dump.sql"
    program = {name: servers.binary(name) or name for name in ("pg_dump", "createdb", "psql")}
    subprocess.run([program["pg_dump"], *at, "-f", dump, known["NAME"]], check=True)
    subprocess.run([program["createdb"], *at, "restored"], check=True)
    subprocess.run(
        [program["psql"], *at, "-q", "-v", "ON_ERROR_STOP=1", "-d", "restored", "-f", dump],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return f"postgresql://{known['USER']}@/restored?host={known['HOST']}"


def test_every_committed_entry_once_and_none_invented(transactional_db: None, tmp_path: Path) -> None:
    committed: list[UUID] = []
    undone: list[UUID] = []
    jumps = random.Random(1)
    real = timezone.now
    begin = threading.Barrier(WRITERS + 1)
    threads = [
        threading.Thread(target=write, args=(n, begin, committed, undone), daemon=True)
        for n in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    sequencers = killers(2)
    try:
        with patch("django.utils.timezone.now", lambda: real() + timedelta(minutes=jumps.randint(-60, 60))):
            begin.wait(timeout=60)
            while len(committed) < WRITERS * EACH // 3:
                assert any(thread.is_alive() for thread in threads), "the writers have died"
                time.sleep(0.05)
            restored = backup(tmp_path)
            for thread in threads:
                thread.join(timeout=120)
    finally:
        killed = stopped(sequencers)
    assert killed > 5
    sealed_meanwhile = Checkpoint.objects.count()
    seal_all()
    assert len(committed) == WRITERS * EACH * 4 // 5
    placed = list(Leaf.objects.order_by("index").values_list("index", "event_id"))
    assert [index for index, _ in placed] == list(range(len(placed)))
    assert sorted(pk for _, pk in placed) == sorted(committed)
    assert not Event.objects.filter(pk__in=undone).exists()
    assert not Waiting.objects.exists()
    assert sealed_meanwhile > 3
    found = verify()
    assert found.holds, found.broken
    # Every checkpoint ever signed is the beginning of the last one.
    heads = [notes.read(c.note) for c in Checkpoint.objects.order_by("size")]
    for head in heads[:: max(1, len(heads) // 20)]:
        proof = [bytes.fromhex(h) for h in consistency(head.size, heads[-1].size)]
        assert tree.is_consistent(head.size, heads[-1].size, head.root, heads[-1].root, proof)
    assert Reader().root(heads[0].size) == heads[0].root
    env = {**os.environ, "TESTING": "1", "DATABASE_URL": restored}
    done = subprocess.run(
        [sys.executable, "manage.py", "verify_log"],
        cwd=settings.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unbroken" in done.stdout
