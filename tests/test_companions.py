"""Further datasets under one contract: chosen once, signed by version and hash, joined token with token."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
import pytest
from django.db import DatabaseError, transaction

from contracts.negotiations import offers, signing
from contracts.negotiations import services as negotiations
from contracts.negotiations.companions import alias_of, inputs_of
from contracts.negotiations.models import Agreement, Companion
from contracts.policies.clauses import CLAUSES
from jobs.runs.inputs import described, prepared
from kernel import store
from kernel.decision import Refused
from kernel.keys import open_secret
from tests import worlds
from tests.cast import Cast
from tests.test_recipes import client
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset

pytestmark = pytest.mark.django_db
PLANES = b"tailnum,maker,seats,owner_name\nN1,Boeing,150,Ann Example\nN2,Airbus,180,Bob Example\nN3,Boeing,300,Cy Example\n"


def planes(cast: Cast) -> Dataset:
    version = worlds.registered(cast, PLANES, "planes.csv", "Aircraft register")
    terms = worlds.terms(columns=None, min_group_size=None, pseudonymise={"columns": ["tailnum"]})
    offers.publish(version.dataset_id, actor=cast.actor("dana"), terms=terms, trust=cast.trust)
    return Dataset.objects.get(pk=version.dataset_id)


def agreed_with_planes(cast: Cast, **changes: object) -> Agreement:
    flights, register = worlds.offered(cast), planes(cast)
    asked = negotiations.ask(
        actor=cast.actor("piotr"), dataset=flights, terms=worlds.terms(**changes), also=[register.pk]
    )
    return negotiations.accept_request(
        asked.pk, actor=cast.actor("dana"), policy_hash=asked.proposals.get().policy_hash, confirmed=CLAUSES
    )


def test_what_comes_along_is_signed_in_words_and_by_hash(cast: Cast) -> None:
    secret = {"columns": ["tailnum", "owner_name"]}
    agreement = agreed_with_planes(cast, pseudonymise=secret)
    version = Dataset.objects.get(title_text="Aircraft register").versions.get()
    one = agreement.payload["also"][0]
    assert (one["alias"], one["version"], one["parquet_sha256"]) == (
        "aircraft_register",
        1,
        version.parquet_sha256,
    )
    assert "With it comes Aircraft register, version 1, as aircraft_register." in agreement.payload["words"]
    assert "owner_name or tailnum is a pseudonym there too" in agreement.payload["words"][-1]
    assert all(found["holds"] for found in signing.check(agreement))
    assert inputs_of(agreement) == {"aircraft_register": version}
    for name in ("dana", "piotr"):
        page = client(cast, name).get(agreement.get_absolute_url()).content.decode()
        assert "With it comes Aircraft register, version 1" in page
        assert version.parquet_sha256 in page
    with pytest.raises(DatabaseError), transaction.atomic():
        Companion.objects.update(alias="other")
    # A newer version changes nothing: the contract names the bytes.
    datasets.add_version(
        version.dataset_id,
        actor=cast.actor("dana"),
        file=worlds.upload(PLANES + b"N9,Fokker,80,Di\n", "planes.csv"),
    )
    worlds.drain()
    assert inputs_of(Agreement.objects.get(pk=agreement.pk)) == {"aircraft_register": version}


def test_only_listed_datasets_of_the_same_provider_come_along(cast: Cast) -> None:
    flights, register = worlds.offered(cast), planes(cast)
    private = worlds.registered(cast, PLANES, "planes.csv", "Private").dataset
    piotr = cast.actor("piotr")
    for wrong in (private.pk, flights.pk, uuid4()):
        with pytest.raises(Refused, match="not listed by the same provider"):
            negotiations.ask(actor=piotr, dataset=flights, terms=worlds.terms(), also=[wrong])
    with pytest.raises(Refused, match="owner_name"):
        negotiations.ask(
            actor=piotr, dataset=flights, terms=worlds.terms(pseudonymise={"columns": ["owner_name"]})
        )
    form = client(cast, "piotr").get(f"/negotiations/new/?dataset={flights.slug}").content.decode()
    assert "Also include" in form
    assert "Aircraft register" in form
    assert "Private" not in form
    asked = negotiations.ask(
        actor=piotr, dataset=flights, terms=worlds.terms(), also=[register.pk, register.pk]
    )
    assert asked.companions.count() == 1
    datasets.retire(register.pk, actor=cast.actor("dana"), reason="No longer kept up.")
    with pytest.raises(Refused, match="No longer in the catalogue: Aircraft register"):
        negotiations.accept_request(
            asked.pk, actor=cast.actor("dana"), policy_hash=asked.proposals.get().policy_hash
        )


def test_aliases_are_plain_and_never_twice() -> None:
    assert alias_of("Flüge & Wetter 2013", []) == "fluge_wetter_2013"
    assert alias_of("2013 flights", []) == "d_2013_flights"
    assert alias_of("航班", ["data"]) == "data_2"
    assert (
        alias_of("Aircraft register", ["aircraft_register", "aircraft_register_2"]) == "aircraft_register_3"
    )


class Here:
    """What `prepared` needs of an attempt at a job, without the job."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stage(self, name: str) -> Any:
        return nullcontext()

    def source(self, sha256: str) -> Path:
        return store.path_of(sha256)

    def do(self, function: str, **args: Any) -> Any:
        from jobs.pipeline import engine

        return {"path": str(engine.run(progress=lambda *_: None, cancelled=lambda: False, **args).path)}


def test_a_token_of_one_dataset_meets_the_same_token_of_the_other(cast: Cast, tmp_path: Path) -> None:
    """Pseudonyms are made in what comes along before any join, under the contract's key: equal people, equal tokens."""
    agreement = agreed_with_planes(cast)
    key = open_secret(agreement.sealed_key)
    plan: dict[str, Any] = {
        "steps": [{"name": "join", "params": {"with": "aircraft_register", "on": {"tailnum": "tailnum"}}}]
    }
    made = prepared(Here(tmp_path), agreement, plan, key)["aircraft_register"]  # type: ignore[arg-type]
    right = pq.read_table(made).to_pydict()
    assert right["seats"] == [150, 180, 300]
    assert not set(right["tailnum"]) & {"N1", "N2", "N3"}
    work = Here(tmp_path / "left")
    work.folder.mkdir()
    step = {"name": "pseudonymise", "params": {"columns": ["tailnum"]}}
    source = store.path_of(agreement.version_of_data.parquet_sha256)
    left = pq.read_table(
        work.do("", plan={"steps": [step]}, source=source, folder=work.folder, key=key)["path"]
    )
    met = dict(zip(right["tailnum"], right["maker"], strict=True))
    assert [met.get(t) for t in left["tailnum"].to_pylist()] == [
        "Boeing",
        "Boeing",
        "Airbus",
        "Boeing",
        None,
        None,
    ]
    assert prepared(Here(tmp_path), agreement, {"steps": []}, key) == {}, "what is not joined is not read"  # type: ignore[arg-type]
    assert described(agreement, plan) == agreement.also
