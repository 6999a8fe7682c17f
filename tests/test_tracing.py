"""A marked export leaks and is found again: by the operator's command and on the provider's page; nobody else sees it."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO, StringIO
from typing import Any

import pandas as pd
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from contracts.negotiations import offers
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement
from contracts.policies.clauses import CLAUSES
from contracts.sharing import services as sharing
from jobs.deliveries.models import Delivery
from jobs.tracing.models import Trace
from kernel import store
from kernel.audit.models import Event
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND

pytestmark = pytest.mark.django_db
ROWS = 12_000
COLUMNS = ["carrier", "tailnum", "dest", "distance", "arr_delay"]


def flights() -> bytes:
    rows = (
        f"{'UA' if i % 3 else 'AA'},N{i % 997},{('IAH', 'MIA', 'BQN')[i % 3]},{1000 + i % 700},{i % 353 - 40},{i}"
        for i in range(ROWS)
    )
    return ("carrier,tailnum,dest,distance,arr_delay,note\n" + "\n".join(rows) + "\n").encode()


def contract(cast: Cast) -> Agreement:
    version = worlds.registered(cast, flights())
    terms = worlds.terms(watermark={}, pseudonymise=None, exports={"at_most": 9})
    offers.publish(version.dataset_id, actor=cast.actor("dana"), terms=terms, trust=cast.trust)
    version.dataset.refresh_from_db()
    asked = negotiations.ask(actor=cast.actor("piotr"), dataset=version.dataset, terms=terms, note="May we?")
    newest = asked.proposals.order_by("-number").first()
    assert newest is not None
    return negotiations.accept_request(
        asked.pk, actor=cast.actor("dana"), policy_hash=newest.policy_hash, confirmed=CLAUSES
    )


def export(cast: Cast, agreement: Agreement, **answers: Any) -> Delivery:
    given = {"columns": COLUMNS, "recipe": [], "format": "parquet", **answers}
    request = worlds.delivered(cast, agreement, **given)
    found = request.deliveries.first()
    assert found is not None, request.jobs.get().failure
    return found


def data_of(delivery: Delivery) -> pd.DataFrame:
    with zipfile.ZipFile(BytesIO(store.open_stream(delivery.package_sha256).read())) as package:
        assert delivery.receipt["body"]["mark"]["text"] in package.read("README.txt").decode()
        return pd.read_parquet(BytesIO(package.read(delivery.data_name)))


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def test_a_leaked_copy_names_its_export_and_only_to_its_provider(cast: Cast, tmp_path: Any) -> None:
    agreement = contract(cast)
    one, two = (
        export(cast, agreement),
        export(cast, agreement, recipe=[{"name": "sort", "params": {"by": ["-distance"]}}]),
    )
    few = export(cast, agreement, row_filter=[{"column": "dest", "op": "eq", "value": ["MIA"]}])
    assert 0.985 * ROWS < one.rows < ROWS and one.receipt["body"]["mark"]["marked"]
    # Too few rows for a mark: every row leaves, and the receipt says so.
    assert few.rows == ROWS // 3 and few.receipt["body"]["mark"] == {
        "marked": False,
        "text": "Not marked: fewer than 10,000 rows.",
    }
    assert few.job.result["rows"] == ROWS // 3 and "mark" not in few.job.result

    leak = (
        data_of(two)
        .drop(columns="dest")
        .sample(frac=0.6, random_state=1)
        .rename(columns={"distance": "miles"})
    )
    file = tmp_path / "found on the web.csv"
    leak.to_csv(file, index=False)
    out = StringIO()
    call_command("trace_leak", file, json=True, stdout=out)
    said = json.loads(out.getvalue())
    assert said["verdict"] == "named" and [n["export"] for n in said["named"]] == [two.ref]
    assert (
        said["named"][0]["log10_chance"] < -6
        and said["looked_at"] == 2
        and said["unmarked_refs"] == [few.ref]
    )
    out = StringIO()
    call_command("trace_leak", file, dataset=agreement.dataset.slug, stdout=out, stderr=StringIO())
    assert two.ref in out.getvalue() and one.ref not in out.getvalue() and "Hudson" in out.getvalue()
    # Who holds the data learns what the operator learned, with an event each time; who received it does not.
    by_hand = Trace.objects.first()
    assert by_hand is not None and Trace.objects.count() == 2 and by_hand.job is None
    assert Event.objects.filter(action="told_at_shell", door="shell").count() == 2
    assert two.ref in browser(cast, "dana").get(by_hand.get_absolute_url()).content.decode()
    assert browser(cast, "piotr").get(by_hand.get_absolute_url()).status_code == 404

    # The original is nobody's leak. By its bytes: so few rows of the pool would leave it to chance whether they tell.
    source = tmp_path / "original.csv"
    source.write_bytes(flights())
    out = StringIO()
    call_command("trace_leak", source, json=True, stdout=out)
    said = json.loads(out.getvalue())
    assert said["verdict"] == "source" and said["named"] == [] and Trace.objects.count() == 2
    Trace.objects.all().delete()

    page = f"/datasets/{agreement.dataset.slug}/trace/"
    dana = browser(cast, "dana")
    assert page in dana.get(agreement.dataset.get_absolute_url()).content.decode()
    empty = dana.post(page, {"file": SimpleUploadedFile("x.csv", b"")})
    assert empty.status_code == 422 and "empty" in empty.content.decode()
    sent = dana.post(page, {"file": SimpleUploadedFile("leak.csv", file.read_bytes())})
    trace = Trace.objects.get()
    assert sent.status_code == 302 and sent["Location"] == trace.get_absolute_url()
    assert "Under way" in dana.get(trace.get_absolute_url()).content.decode()
    worlds.drain()
    answer = dana.get(trace.get_absolute_url()).content.decode()
    assert two.ref in answer and "less than 1 in 10" in answer and "Meridian" in answer
    assert dana.get(f"/traces/{trace.pk}/live/").status_code == 286
    kept = Event.objects.filter(subject_id=trace.pk).values_list("action", flat=True)
    assert set(kept) == {"ask", "finish"}
    for name in ("piotr", "olga", "rui"):
        assert browser(cast, name).get(trace.get_absolute_url()).status_code == 404
        assert browser(cast, name).post(page, {"file": SimpleUploadedFile("x.csv", b"a")}).status_code in (
            403,
            404,
        )

    # What cannot be read is said with its row, and nothing is lost.
    dana.post(page, {"file": SimpleUploadedFile("broken.xlsx", b"PK no workbook")})
    worlds.drain()
    broken = Trace.objects.exclude(pk=trace.pk).get()
    assert "could not be compared" in dana.get(broken.get_absolute_url()).content.decode()


def test_a_contract_without_the_clause_marks_nothing(cast: Cast) -> None:
    found = worlds.delivered(cast).deliveries.get()
    assert "mark" not in found.receipt["body"] and "mark" not in found.job.result


def test_sums_are_not_marked_and_say_so(cast: Cast) -> None:
    group = {
        "name": "group",
        "params": {"by": ["carrier", "dest"], "measures": [{"how": "count", "as": "n"}]},
    }
    found = export(cast, contract(cast), recipe=[group], format="csv")
    assert found.receipt["body"]["mark"]["text"].startswith("Not marked: rows were summed up")
    assert sharing is not None
