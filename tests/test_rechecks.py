"""Answers of quality rules that change though nobody touched the dataset: another dataset moved on, or time did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from jobs.runs.models import Job
from kernel.audit.models import Event
from kernel.models import Outbox
from portal import notify
from portal.tasks import tidy
from tests import worlds
from tests.cast import Cast
from trusts.datasets import services as datasets
from trusts.datasets.models import DatasetVersion
from trusts.datasets.rulebook import all_cleaned

pytestmark = pytest.mark.django_db
AIRPORTS = b"faa,name\nIAH,Houston\nMIA,Miami\n"
MORE = AIRPORTS + b"BQN,Aguadilla\n"


def ruled(cast: Cast, version: DatasetVersion, *rules: dict[str, Any]) -> None:
    version.dataset.refresh_from_db()
    datasets.set_rules(version.dataset_id, actor=cast.actor("dana"), rules=all_cleaned(list(rules), version.dataset))  # fmt: skip
    worlds.drain()


def answers(version: DatasetVersion) -> list[str]:
    version.refresh_from_db()
    return [rule["state"] for rule in version.profile["rules"]]


def told() -> int:
    return Outbox.objects.filter(topic="version.answer_changed").count()


def checks(version: DatasetVersion) -> int:
    return Event.objects.filter(machine="version", subject_id=version.pk, action="record_checks").count()


def test_a_reference_is_checked_again_when_the_other_dataset_moves_on(cast: Cast) -> None:
    airports = worlds.registered(cast, AIRPORTS, "a.csv", "Airports")
    flights = worlds.registered(cast)
    alone = worlds.registered(cast, title="Without rules")
    ruled(cast, flights, {"rule": "reference", "column": "dest", "dataset": airports.dataset.slug, "their_column": "faa"})  # fmt: skip
    assert answers(flights) == ["fail"] and (checks(flights), told()) == (1, 0), "a first answer is no change"

    def moved(content: bytes) -> None:
        datasets.add_version(
            airports.dataset_id, actor=cast.actor("dana"), file=worlds.upload(content, "a.csv")
        )
        worlds.drain()

    moved(AIRPORTS + b"LAX,Los Angeles\n")
    assert answers(flights) == ["fail"] and (checks(flights), told()) == (2, 0), "checked, and nothing new to tell"  # fmt: skip
    moved(MORE)
    assert answers(flights) == ["pass"] and (checks(flights), told()) == (3, 1)
    event = Event.objects.filter(subject_id=flights.pk, action="record_checks").order_by("-created").first()
    assert event is not None and event.detail["changed"] == [flights.profile["rules"][0]["id"]]
    mail.outbox.clear()
    notify.send("version.answer_changed", {"id": str(flights.pk)})
    assert mail.outbox and all("hudson" in to or "@" in to for m in mail.outbox for to in m.to)
    assert "quality rule" in mail.outbox[0].subject and "fail" not in mail.outbox[0].body
    moved(AIRPORTS)
    assert answers(flights) == ["fail"] and told() == 2
    assert not Job.objects.filter(version_of_data=alone, kind="check").exists()


def test_freshness_is_checked_again_when_time_has_changed_the_answer(cast: Cast) -> None:
    today = timezone.now().date()
    content = f"day,n\n{today - timedelta(days=3)},1\n{today - timedelta(days=8)},2\n".encode()
    version = worlds.registered(cast, content, "days.csv", "Days")
    ruled(
        cast, version,
        {"rule": "freshness", "column": "day", "days": 5}, {"rule": "freshness", "days": 15},
    )  # fmt: skip
    assert answers(version) == ["pass", "pass"]
    assert tidy()["stale"] == 0, "nothing is due"

    def later(days: int) -> Any:
        return pytest.MonkeyPatch.context(), timezone.now() + timedelta(days=days)

    patch, then = later(4)
    with patch as time:
        time.setattr(timezone, "now", lambda: then)
        assert (tidy()["stale"], tidy()["stale"]) == (1, 0), "queued once"
        worlds.drain()
        assert answers(version) == ["fail", "pass"] and told() == 1
        assert tidy()["stale"] == 0, "it is recorded now"
    patch, then = later(20)
    with patch as time:
        time.setattr(timezone, "now", lambda: then)
        assert tidy()["stale"] == 1
        worlds.drain()
        assert answers(version) == ["fail", "fail"] and told() == 2
    datasets.retire(version.dataset_id, actor=cast.actor("dana"), reason="No longer kept up.")
    assert tidy()["stale"] == 0
