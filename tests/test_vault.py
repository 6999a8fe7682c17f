"""The token vault: opened by this portal for this export only, by the provider's people, and never without a trace."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from jobs.deliveries import vault
from jobs.deliveries.models import Delivery, Vault
from kernel import store
from kernel.audit.models import Event
from kernel.models import IdempotencyRecord
from tests import worlds
from tests.cast import Cast
from tests.test_access import token as api_token
from tests.test_recipes import client

ENTRIES = sorted((f"t{i * 7919 % 100_003:06d}", "tailnum", f"SECRET{i}") for i in range(9_001))


def test_a_vault_opens_only_with_the_portals_key_and_for_its_job(tmp_path: Path, settings: Any) -> None:
    job, file = uuid4(), tmp_path / "vault"
    assert vault.seal(ENTRIES, file, job) == 9_001
    assert b"SECRET" not in file.read_bytes()
    assert b"tailnum" not in file.read_bytes()
    assert list(vault.entries_of(file, job)) == ENTRIES
    asked = [ENTRIES[0][0], ENTRIES[-1][0], ENTRIES[4_000][0], "zzz", "", "t000000x"]
    found = vault.look_up(file, job, asked)
    assert [f.value for f in found] == [ENTRIES[0][2], ENTRIES[-1][2], ENTRIES[4_000][2], None, None, None]
    with pytest.raises(vault.Unreadable):
        vault.look_up(file, uuid4(), asked)
    changed = bytearray(file.read_bytes())
    changed[-5] ^= 1
    (tmp_path / "changed").write_bytes(changed)
    with pytest.raises(vault.Unreadable):
        list(vault.entries_of(tmp_path / "changed", job))
    settings.SECRET_KEY = "another portal's key, long enough to be one"
    with pytest.raises(vault.Unreadable):
        vault.look_up(file, job, asked)


def sealed(delivery: Delivery, folder: Path) -> Vault:
    count = vault.seal(ENTRIES, folder / "vault", delivery.job_id)
    kept = store.put_file(folder / "vault")
    return Vault.objects.create(delivery=delivery, sha256=kept.sha256, entries=count, columns=["tailnum"])


@pytest.mark.django_db
def test_the_provider_looks_tokens_up_and_the_consumer_has_no_way_in(cast: Cast, tmp_path: Path) -> None:
    delivery = worlds.delivered(cast).deliveries.get()
    where, reason = f"/do/delivery/{delivery.pk}/look_up/", "A finding must reach its owner."
    data = {"tokens": f"{ENTRIES[5][0]}, {ENTRIES[6][0]}\nnothing", "reason": reason}
    refused = client(cast, "dana").post(where, data)
    assert refused.status_code == 409
    assert b"Look a token up" not in client(cast, "dana").get(delivery.get_absolute_url()).content
    row = sealed(delivery, tmp_path)
    with pytest.raises(DatabaseError), transaction.atomic():
        Vault.objects.filter(pk=row.pk).update(sha256="0" * 64)

    assert b"Look a token up" in client(cast, "dana").get(delivery.get_absolute_url()).content
    page = client(cast, "dana").post(where, data)
    assert ENTRIES[5][2].encode() in page.content
    assert b"not a token of this export" in page.content
    assert page.headers["Cache-Control"] == "no-store"
    event = Event.objects.filter(machine="delivery", action="look_up", subject_version__isnull=False).get()
    assert (event.reason, event.detail) == (reason, {"tokens": 3, "known": 2})
    assert "SECRET" not in str(event.payload())
    assert ENTRIES[5][0] not in str(event.payload())

    for name, codes in {"piotr": 403, "sam": 403, "rui": 403, "ines": 403, "ada": 404, "olga": 404}.items():
        assert client(cast, name).get(where).status_code == codes, name
        answer = client(cast, name).post(where, data)
        assert answer.status_code == codes, name
        assert b"SECRET" not in answer.content
    mine = client(cast, "piotr").get(delivery.get_absolute_url()).content
    assert b"Look a token up" not in mine
    assert row.sha256.encode() not in mine
    many = client(cast, "dana").post(
        where, {"tokens": " ".join(f"t{i}" for i in range(101)), "reason": reason}
    )
    assert many.status_code == 422

    holder, asker = (api_token(cast, n, ["deliveries"]) for n in ("dana", "piotr"))
    url, body = (
        f"/api/v1/deliveries/{delivery.pk}/actions/look_up",
        {"tokens": [ENTRIES[7][0]], "reason": reason},
    )
    send = lambda who, **more: Client().post(url, body, content_type="application/json", **who, **more)  # noqa: E731
    shown = send(holder, HTTP_IDEMPOTENCY_KEY="once").json()["shown"]
    assert shown == [{"token": ENTRIES[7][0], "column": "tailnum", "value": ENTRIES[7][2]}]
    assert "shown" not in send(holder, HTTP_IDEMPOTENCY_KEY="once").json(), "a kept answer holds no value"
    assert "SECRET" not in str(IdempotencyRecord.objects.get().body)
    assert send(asker).status_code in (403, 404, 409)
    assert "SECRET" not in send(asker).content.decode()


def delivered_tokens(cast: Cast, agreement: Any) -> tuple[Delivery, list[dict[str, str]]]:
    recipe = [{"name": "tokenise", "params": {"columns": ["dest"]}}]
    request = worlds.delivered(cast, agreement, recipe=recipe)
    assert request.jobs.get().state == "done", request.jobs.get().failure
    delivery = request.deliveries.get()
    with zipfile.ZipFile(store.path_of(delivery.package_sha256)) as package:
        text = package.read(delivery.data_name).decode()
        assert all("vault" not in name for name in package.namelist())
        assert b"token" in package.read("dictionary.csv")
    return delivery, list(csv.DictReader(text.splitlines()))


@pytest.mark.django_db
def test_tokens_come_back_for_the_provider_and_stay_the_same_within_the_contract(
    cast: Cast,
) -> None:
    agreement = worlds.agreed(cast, min_group_size=None)
    first, rows = delivered_tokens(cast, agreement)
    tokens = sorted({row["dest"] for row in rows})
    assert len(tokens) == 3
    assert not set(tokens) & {"IAH", "MIA", "BQN"}
    found = vault.look_up(store.path_of(first.vault.sha256), first.job_id, tokens)
    assert {f.value for f in found} == {"IAH", "MIA", "BQN"}
    assert (first.vault.entries, first.vault.columns) == (3, ["dest"])
    second, again = delivered_tokens(cast, agreement)
    assert sorted({row["dest"] for row in again}) == tokens
    assert second.vault.sha256 != first.vault.sha256
