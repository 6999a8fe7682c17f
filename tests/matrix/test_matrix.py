"""Who may do what in which state: reviewed in `matrix.csv` and `rights.csv`, asked at the doors.

`matrix.csv` is about people: what each finds as a button. `rights.csv` is about roles: for every machine, state and command,
also those of the portal itself, the roles that may ask for it; every other role is asked too and must be refused for its role
or the state (`tests/matrix/cells.py`). `make matrix` prints how many cells there are, and how many were asked.

Each line: machine, state, action, and for every person either nothing (no such button), `yes`, or the code of the first
reason why not. A new state, action or answer fails until someone has written here what should happen:

    WRITE_MATRIX=1 pytest tests/matrix     (then read the difference before it is committed)
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from django.test import Client

from kernel import doors, registry
from tests.cast import PEOPLE, Cast
from tests.matrix.cells import RIGHTS, RIGHTS_HEADER, Asked
from tests.matrix.situations import UNSEEN, Situations
from tests.test_access import BACKEND

# One test walks every machine: it may take longer than others on a busy machine.
pytestmark = [pytest.mark.django_db, pytest.mark.rules, pytest.mark.timeout(900)]
FILE = Path(__file__).with_name("matrix.csv")
HEADER = ["machine", "state", "action", *PEOPLE]
# Last, because it takes a person away from the others.
LAST = [("member", "removed"), ("invitation", "accepted")]

# Who also tries each address: one of each side and a stranger.
KNOCK = ("dana", "piotr", "olga")
Row = tuple[str, ...]


def pairs() -> list[tuple[str, str]]:
    """Every machine and state that somebody can meet."""
    found = [
        (m.name, s.name) for m in registry.machines() for s in m.states if (m.name, s.name) not in UNSEEN
    ]
    return [p for p in found if p not in LAST] + LAST


def answers(cast: Cast, asked: Asked) -> dict[Row, dict[str, str]]:
    """(machine, state, action) → person → answer, from what an action bar would show."""
    situations, found = Situations(cast), {}
    for machine_name, state in pairs():
        machine = registry.entry(machine_name).machine
        subject = situations.reach(machine_name, state)
        asked.of(machine, subject)
        shown: dict[str, dict[str, str]] = {}
        for name in PEOPLE:
            actor = cast.actor(name)
            visible = registry.entry(machine_name).visible
            seen = visible is not None and visible(actor).filter(pk=subject.pk).exists()
            for choice in doors.choices(machine, subject, actor) if seen else []:
                shown.setdefault(choice.name, {})[name] = "yes" if choice.enabled else choice.reasons[0].code
            if name in KNOCK:
                check_door(cast, name, machine_name, subject, {a for a, who in shown.items() if name in who})
        for action in machine.actions:
            if not action.hidden:
                found[machine_name, state, action.name] = shown.get(action.name, {})
    return found


def check_door(cast: Cast, name: str, machine: str, subject: object, offered: set[str]) -> None:
    """The page of an action that is not offered is refused, whoever guesses its address."""
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    for number, action in enumerate(registry.entry(machine).machine.actions):
        # Every door that is offered, and of the others a third for each person: together all are tried.
        if action.name not in offered and number % len(KNOCK) != KNOCK.index(name):
            continue
        code = client.get(f"/do/{machine}/{subject.pk}/{action.name}/").status_code  # type: ignore[attr-defined]
        if action.name in offered:
            assert code == 200, f"{name} is offered {machine}.{action.name} but gets {code}"
        elif action.hidden:
            assert code in (403, 404), f"{name} reaches the portal's own {machine}.{action.name}: {code}"


def lines(found: dict[Row, dict[str, str]]) -> list[list[str]]:
    return [[*key, *(who.get(name, "") for name in PEOPLE)] for key, who in found.items() if who]


def differences(file: Path, header: list[str], now: list[list[str]]) -> list[str]:
    """Where a reviewed table says otherwise. With WRITE_MATRIX it is written first."""
    if os.environ.get("WRITE_MATRIX"):
        with file.open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle, lineterminator="\n").writerows([header, *now])
    with file.open(newline="", encoding="utf-8") as handle:
        written = list(csv.reader(handle))
    assert written[0] == header
    have = {tuple(row[:3]): row for row in now}
    want = {tuple(row[:3]): row for row in written[1:]}
    return [
        f"{key}: written {want.get(key)}, is {have.get(key)}"
        for key in sorted(have.keys() | want.keys())
        if have.get(key) != want.get(key)
    ]


def test_every_person_and_every_role_may_do_in_every_state_what_was_written(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = Asked()
    now = lines(answers(cast, asked))
    wrong = differences(FILE, HEADER, now) + differences(RIGHTS, RIGHTS_HEADER, asked.lines())
    assert not wrong, "\n".join(wrong)
    if os.environ.get("SHOW_MATRIX"):
        with capsys.disabled():
            print(f"{asked.summary()}\n{len(now)} buttons as {len(PEOPLE)} people see them, compared")
    assert asked.cells == asked.generated
