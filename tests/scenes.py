"""One world for many short tests of a file: made once, and after each test as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement
from contracts.policies.clauses import CLAUSES
from contracts.sharing import services as sharing
from contracts.sharing.models import Request
from jobs.deliveries.models import Delivery
from jobs.runs import runner
from jobs.runs.models import Job
from kernel import outbox
from kernel.decision import Refused
from tests import worlds
from tests.cast import Cast, assemble
from trusts.datasets.models import Dataset

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
# Without what most tests are not about: a test adds the clauses that it is about.
PLAIN: dict[str, Any] = {
    "columns": None, "exports": None, "min_group_size": None, "pseudonymise": None, "place": None, "recipient": None,
    "no_onward_transfer": None, "no_reidentification": None, "delete_within": None, "attribution": None,
}  # fmt: skip
GROUPED = [{"name": "group", "params": {"by": ["carrier"], "measures": [{"how": "count", "as": "n"}]}}]
_now = timezone.now


class Scene:
    """Hudson's flights in the catalogue, and short ways to a contract, a request, an export."""

    def __init__(self) -> None:
        self.cast: Cast = assemble()
        self.dataset: Dataset = worlds.offered(self.cast)

    def actor(self, name: str) -> Any:
        return self.cast.actor(name)

    def contract(self, **clauses: Any) -> Agreement:
        """In force, with purpose, period and the clauses given."""
        asked = negotiations.ask(
            actor=self.actor("piotr"), dataset=self.dataset, terms=worlds.terms(**{**PLAIN, **clauses})
        )
        seen = asked.proposals.order_by("-number")[0].policy_hash
        return negotiations.accept_request(
            asked.pk, actor=self.actor("dana"), policy_hash=seen, confirmed=CLAUSES
        )

    def submitted(self, agreement: Agreement, **answers: Any) -> Request:
        return worlds.submitted(self.cast, agreement, **{"recipe": [], **answers})

    def approve(self, request: Request) -> Request:
        return sharing.approve(request.pk, actor=self.actor("rui"), reason=worlds.IN_ORDER)

    def run(self, request: Request) -> Job:
        """Queue the approved request's job and do it."""
        outbox.dispatch()
        job = Job.objects.filter(request=request, kind="export").latest("created")
        if job.state == "queued":
            runner.run(job.pk, worker="test")
        job.refresh_from_db()
        return job

    def export(self, agreement: Agreement, **answers: Any) -> Delivery:
        request = self.approve(self.submitted(agreement, **answers))
        job = self.run(request)
        assert job.state == "done", job.failure
        return Delivery.objects.get(request=request)

    def rows(self, delivery: Delivery) -> list[list[str]]:
        """What the CSV in the package holds, with its header."""
        import csv
        import io
        import zipfile

        from kernel import store

        with zipfile.ZipFile(store.local(delivery.package_sha256)) as packed:
            return list(csv.reader(io.StringIO(packed.read(delivery.data_name).decode())))

    def read(self, delivery: Delivery, name: str) -> str:
        """A text file of the package."""
        import zipfile

        from kernel import store

        with zipfile.ZipFile(store.local(delivery.package_sha256)) as packed:
            return packed.read(name).decode()

    def fetch(self, delivery: Delivery, by: str = "piotr") -> Any:
        return self.client(by).post(f"/deliveries/{delivery.pk}/download/")

    def client(self, name: str) -> Client:
        client = Client()
        client.force_login(self.cast.users[name], backend=BACKEND)
        return client


def why(work: Any) -> set[str]:
    """Do what must be refused; the codes of the reasons."""
    try:
        work()
    except Refused as refused:
        assert all(reason.text and reason.remedy for reason in refused.decision.reasons)
        return {reason.code for reason in refused.decision.reasons}
    raise AssertionError("it was not refused")


@contextmanager
def later(**more: float) -> Iterator[datetime]:
    """The clock of the whole portal, so much later."""
    moved = timedelta(**more)
    with patch("django.utils.timezone.now", lambda: _now() + moved):
        yield _now() + moved


@contextmanager
def world_of(blocker: Any) -> Iterator[Scene]:
    """Made once inside a transaction that is rolled back in the end."""
    # As in `conftest.by_hand`, which comes too late for a fixture of a whole file.
    local = {
        topic: [one for one in found if one.__name__ not in ("listener", "send_to_worker")]
        for topic, found in outbox._listeners.items()
    }
    with blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            with (
                patch.object(outbox, "_listeners", local),
                patch.object(outbox, "_soon", lambda message_id: None),
            ):
                made = Scene()
            yield made
        finally:
            connection.set_rollback(True)
            outer.__exit__(None, None, None)
