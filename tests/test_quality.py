"""Quality end to end: rules written and checked, a second version that drifts, who sees what, contracts out and in."""

from __future__ import annotations

import csv
import io
import json
import random
from typing import Any

import pytest
import yaml
from django.core import mail
from django.test import Client

from contracts.negotiations.columns import on_version_profiled, warnings, words
from kernel.audit import selectors as audit
from kernel.models import Outbox
from portal import notify
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.datasets.quality import changes_between, quality_of
from trusts.datasets.rulebook import all_cleaned

pytestmark = pytest.mark.django_db


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def flights(
    rows: int, *, shift: int = 0, header: str = "carrier,tailnum,dest,distance,arr_delay,day", seed: int = 1
) -> bytes:
    """A file like the portal's flights, always the same."""
    chance, out = random.Random(seed), io.StringIO()
    lines = csv.writer(out)
    out.write(header + "\n")
    for i in range(rows):
        lines.writerow([chance.choice(["UA", "AA", "B6"]), f"N{i:05}", chance.choice(["IAH", "MIA"]), 1000 + i % 7,
                        "" if i % 50 == 0 else round(chance.gauss(shift, 20)), f"2026-01-{1 + i % 28:02}"])  # fmt: skip
    return out.getvalue().encode()


def next_version(cast: Cast, version: DatasetVersion, content: bytes) -> DatasetVersion:
    made = datasets.add_version(version.dataset_id, actor=cast.actor("dana"), file=worlds.upload(content))
    worlds.drain()
    made.refresh_from_db()
    assert made.state == "profiled", made.failure
    return made


def measured_twice(cast: Cast) -> Dataset:
    """A dataset with rules, broken and kept, and a second version that moved."""
    version = worlds.registered(cast, flights(300), title="Delays")
    dataset = version.dataset
    rules = [
        {"rule": "not_null", "column": "arr_delay", "severity": "must"}, {"rule": "unique", "columns": ["tailnum"]},
        {"rule": "range", "column": "arr_delay", "min": "-60", "max": "60"}, {"rule": "freshness", "column": "day", "days": 30},
    ]  # fmt: skip
    datasets.set_rules(dataset.pk, actor=cast.actor("dana"), rules=all_cleaned(rules, dataset))
    header = "carrier,tail_num,dest,distance,arr_delay,day"
    next_version(cast, version, flights(320, shift=12, seed=2, header=header))
    return dataset


def test_a_steward_writes_rules_and_sees_which_rows_break_them(cast: Cast) -> None:
    """Page by page without script: a wrong rule is explained and kept, a right one is checked at once and shown."""
    version = worlds.registered(cast, flights(300))
    page, dana = f"/datasets/{version.dataset.slug}/rules/", browser(cast, "dana")
    wrong = dana.post(page, {"add": "pattern", "column": "tailnum", "pattern": "N(?=0)", "severity": "must"})
    assert wrong.status_code == 422 and b"not possible in RE2" in wrong.content and b"N(?=0)" in wrong.content
    wrong = dana.post(page, {"add": "range", "column": "carrier", "min": "3", "severity": "warn"})
    assert wrong.status_code == 422 and b"carrier holds text" in wrong.content
    for form in (
        {"add": "not_null", "column": "arr_delay", "severity": "must", "note": "Delays are what we share."},
        {"add": "unique", "column": ["tailnum"], "severity": "warn"},
        {"add": "range", "column": "day", "min": "2026-01-02", "severity": "warn"},
        {"add": "set", "column": "dest", "values": "IAH\nMIA", "severity": "warn"},
        {"add": "row_count", "min": "1000", "severity": "warn"},
        {"add": "freshness", "column": "day", "days": "100000", "severity": "warn"},
    ):
        assert dana.post(page, form).status_code == 302, dana.post(page, form).content
    worlds.drain()
    version.refresh_from_db()
    found = {r["rule"]: r for r in quality_of(version, masked=False)["rules"]}
    assert {k: r["state"] for k, r in found.items()} == {
        "not_null": "fail", "unique": "pass", "range": "fail", "set": "pass", "row_count": "fail", "freshness": "pass"}  # fmt: skip
    assert (found["not_null"]["failed"], found["not_null"]["rows"][1]["row"]) == (6, 51)
    shown = dana.get(f"/datasets/{version.dataset.slug}/quality/").content.decode()
    assert "A rule that must hold is broken in version 1" in shown and "arr_delay is never empty" in shown
    rows = dana.get(
        f"/datasets/{version.dataset.slug}/quality/rows/?rule={found['range']['id']}"
    ).content.decode()
    assert "2026-01-01" in rows
    score = version.profile["score"]
    parts = {p["name"]: p for p in score["parts"]}
    assert 0 < score["value"] < 100 and set(parts) == {
        "completeness",
        "validity",
        "uniqueness",
        "consistency",
        "freshness",
    }
    assert abs(score["value"] - sum(p["weight"] * p["value"] for p in parts.values()) / 100) <= 1
    assert parts["completeness"]["rows"][0] == {"row": 1, "columns": ["arr_delay"]}
    changed = dana.post(page, {"edit": found["row_count"]["id"], "min": "100", "severity": "warn"})
    assert changed.status_code == 302
    assert dana.post(page, {"remove": found["set"]["id"]}).status_code == 302
    worlds.drain()
    version.refresh_from_db()
    assert [r["state"] for r in quality_of(version, masked=False)["rules"]] == [
        "fail",
        "pass",
        "fail",
        "pass",
        "pass",
    ]
    assert browser(cast, "rui").post(page, {"remove": found["unique"]["id"]}).status_code == 409


def test_a_contract_goes_out_and_comes_back_the_same(cast: Cast) -> None:
    """Every kind of rule survives ODCS; what the portal cannot check is listed in words and never dropped in silence."""
    other = worlds.registered(cast, b"faa,name\nIAH,Houston\nMIA,Miami\n", "airports.csv", title="Airports")
    version = worlds.registered(cast, flights(60))
    dataset, dana = version.dataset, browser(cast, "dana")
    rules: list[dict[str, Any]] = [
        {"rule": "not_null", "column": "dest", "severity": "must"}, {"rule": "unique", "columns": ["tailnum", "day"]},
        {"rule": "range", "column": "arr_delay", "min": "-120", "max": "600", "note": "Beyond it, a clock was wrong."},
        {"rule": "range", "column": "day", "min": "2026-01-01"}, {"rule": "pattern", "column": "tailnum", "pattern": "N[0-9]{5}"},
        {"rule": "set", "column": "carrier", "values": ["UA", "AA"]}, {"rule": "row_count", "min": 10, "max": 1000},
        {"rule": "freshness", "column": "day", "days": 30, "severity": "must"}, {"rule": "freshness", "days": 90},
        {"rule": "reference", "column": "dest", "dataset": other.dataset.slug, "their_column": "faa"},
    ]  # fmt: skip
    secret = worlds_token(cast)
    act = Client().post(
        f"/api/v1/datasets/{dataset.pk}/actions/set_rules",
        json.dumps({"rules": rules}),
        "application/json",
        **secret,
    )
    assert act.status_code == 200, act.content
    worlds.drain()
    dataset.refresh_from_db()
    kept = dataset.rules
    answer = Client().get(f"/api/v1/datasets/{dataset.pk}/rules", **secret).json()
    assert {r["rule"]: r["state"] for r in answer["checked"] if r["rule"] != "freshness"} == {
        "not_null": "pass", "unique": "pass", "range": "pass", "pattern": "pass", "set": "fail", "row_count": "pass", "reference": "pass"}  # fmt: skip
    text = dana.get(f"/datasets/{dataset.slug}/odcs.yaml").content.decode()
    assert "apiVersion: v3.1.0" in text and "metric: nullValues" in text
    datasets.set_rules(dataset.pk, actor=cast.actor("dana"), rules=[])
    other_tool = yaml.safe_load(text)
    other_tool["team"] = {"name": "Data"}
    other_tool["slaProperties"].append({"property": "retention", "value": 3, "unit": "y"})
    other_tool["schema"][0]["properties"].append({"name": "nowhere", "required": True})
    other_tool["schema"][0]["quality"].append(
        {"type": "sql", "query": "SELECT 1", "mustBe": 1, "description": "One is one"}
    )
    other_tool["schema"][0]["quality"].append({"type": "text", "description": "Delays are plausible"})
    foreign = yaml.safe_dump(other_tool)
    preview = dana.post(f"/datasets/{dataset.slug}/rules/import/", {"text": foreign})
    shown = preview.content.decode()
    for said in (
        "The promise retention = 3 y.",
        "There is no column nowhere",
        "One is one (sql)",
        "Delays are plausible (text)",
    ):
        assert said in shown, said
    assert Dataset.objects.get(pk=dataset.pk).rules == [], "nothing is saved before one agrees"
    assert (
        dana.post(f"/datasets/{dataset.slug}/rules/import/", {"text": foreign, "save": "yes"}).status_code
        == 302
    )
    dataset.refresh_from_db()
    assert sorted(dataset.rules, key=lambda r: r["id"]) == sorted(kept, key=lambda r: r["id"])
    again = (
        Client()
        .post(f"/api/v1/datasets/{dataset.pk}/odcs", json.dumps({"odcs": text}), "application/json", **secret)
        .json()
    )
    assert again["rules"] == [] and len(again["known"]) == len(kept) and again["unread"] == []
    for bad, says in (
        ("a: [", "line 1"),
        ("a: &x 1\nschema: *x", "aliases"),
        ("{}", "no schema"),
        ("schema: 3", "schema"),
        ("\x00", "YAML"),
    ):
        answer = dana.post(f"/datasets/{dataset.slug}/rules/import/", {"text": bad})
        assert answer.status_code == 422 and (says in answer.content.decode() or bad == "\x00"), bad


def worlds_token(cast: Cast) -> dict[str, str]:
    return token(cast, "dana", ["read", "datasets"])


def test_a_second_version_is_compared_and_contracts_are_warned(cast: Cast) -> None:
    """A column goes, another is renamed, delays move: said on the pages, in the trail of both and by mail, once."""
    agreement = worlds.agreed(cast)
    own = agreement.version_of_data
    header = "carrier,tail_num,dest,arr_delay,seats"
    lines = [
        f"{c},N{n},{d},{x},{n}"
        for n, (c, d, x) in enumerate([("UA", "IAH", 11), ("AA", "MIA", "late"), ("B6", "BQN", 7)])
    ]
    second = next_version(cast, own, "\n".join([header, *lines, ""]).encode())
    (text,) = warnings(agreement)
    assert (
        text.startswith("Your contract runs on with version 1; version 2 no longer has ")
        and "distance" in text
    )
    assert "arr_delay (now text, was integer)" in text and "note" not in text
    for who in ("dana", "piotr"):
        assert text in [e.reason for e in audit.history(agreement.pk, cast.actor(who))]
        assert (
            text.replace("'", "&#x27;")
            in browser(cast, who).get(agreement.get_absolute_url()).content.decode()
        )
    assert (
        Outbox.objects.filter(topic="agreement.columns_changed", payload__id=str(agreement.pk)).count() == 1
    )
    mail.outbox.clear()
    notify.send("agreement.columns_changed", {"id": str(agreement.pk)})
    assert {m.to[0] for m in mail.outbox} == {cast.users["dana"].email, cast.users["piotr"].email}
    on_version_profiled({"id": str(second.pk)})
    assert len(warnings(agreement)) == 1, "told twice, warned once"
    shown = browser(cast, "piotr").get(f"/datasets/{own.dataset.slug}/versions/2/compare/").content.decode()
    assert (
        "distance was removed" in shown
        and "seats was added" in shown
        and "perhaps it is now called tail_num" in shown
    )
    # What others are told of a rename does not depend on values that they may not see.
    told = changes_between(own, second, masked=True)
    second.profile = json.loads(json.dumps(second.profile).replace("N1", "X9"))
    assert changes_between(own, second, masked=True) == told
    Dataset.objects.filter(pk=own.dataset_id).update(state="private")
    second.dataset.refresh_from_db()
    said = words(agreement, second, changes_between(own, second, masked=False))
    assert "tailnum" in said and "perhaps" not in said, "the new name is in no catalogue"


def test_drift_is_said_in_words_and_shown(cast: Cast) -> None:
    version = worlds.registered(cast, flights(400))
    second = next_version(cast, version, flights(400, shift=30, seed=2))
    moved = {c["name"]: c for c in second.profile["drift"]["columns"]}
    assert moved["arr_delay"]["level"] == "clearly" and "moved up clearly" in moved["arr_delay"]["text"]
    assert moved["dest"]["level"] == "same" and moved["distance"]["level"] == "same"
    shown = (
        browser(cast, "dana").get(f"/datasets/{version.dataset.slug}/versions/2/compare/").content.decode()
    )
    assert "arr_delay moved up clearly" in shown and "before and after" in shown
    third = next_version(cast, version, flights(400, shift=30, seed=2))
    assert all(c["level"] in ("same", "unknown") for c in third.profile["drift"]["columns"])
    shown = (
        browser(cast, "dana")
        .get(f"/datasets/{version.dataset.slug}/versions/3/compare/?with=1")
        .content.decode()
    )
    assert "against version 1" in shown and "compared with the version just before" in shown


def test_nothing_rare_leaves_in_what_others_see(cast: Cast) -> None:
    """Whatever occurs fewer than ten times is nowhere in the masked profile, nor any count below ten."""
    chance, out = random.Random(3), io.StringIO()
    out.write("city,salary,rate,born,code,note,who\n")
    rare: set[str] = set()
    for i in range(400):
        salary, rate = chance.randrange(10**6, 10**7) * 7 + 3, round(chance.uniform(1e3, 1e4), 5)
        born = f"19{chance.randrange(30, 99)}-0{1 + i % 9}-{chance.randrange(10, 28)}"
        city = "Albany" if i % 3 else "Boston"
        city, code = (f"Rareville{i}", f"Q-{i:04}") if i % 100 == 7 else (city, f"K-{i % 9:04}")
        note, who = ("" if i % 150 == 0 else f"remark {chance.randrange(10**9)}"), f"person{i}@example.org"
        rare |= {str(salary), str(rate), who, note} - {""}
        rare |= {city, code} if i % 100 == 7 else set()
        out.write(f"{city},{salary},{rate},{born},{code},{note},{who}\n")
    version = worlds.registered(cast, out.getvalue().encode())
    rules = [
        {"rule": "set", "column": "city", "values": ["Albany", "Boston", "Rareville7"]},
        {"rule": "range", "column": "salary", "max": "60000000"},
    ]
    datasets.set_rules(
        version.dataset_id, actor=cast.actor("dana"), rules=all_cleaned(rules, version.dataset)
    )
    worlds.drain()
    second = next_version(cast, version, out.getvalue().encode().replace(b"Albany,1", b"Boston,1"))
    whole, masked = (json.dumps(quality_of(second, masked=m)) for m in (False, True))
    assert "Rareville7" in whole and "@example.org" in whole, "the holder sees it"
    leaks = sorted(value for value in rare if value in masked)
    assert not leaks, leaks[:5]

    def counts(value: Any, path: str = "") -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                if key in (
                    "count",
                    "missing",
                    "alone",
                    "smallest",
                    "failed",
                    "checked",
                    "below_ten",
                    "duplicates",
                ) and isinstance(item, int):
                    assert item == 0 or item >= 10, f"{path}.{key} = {item}"
                assert key not in ("rows_behind", "gap_rows", "duplicate_rows", "odd", "lengths"), path
                counts(item, f"{path}.{key}")
        elif isinstance(value, list):
            for item in value:
                if "counts" in path and isinstance(item, int):
                    assert item == 0 or item >= 10, path
                counts(item, path)

    counts(json.loads(masked))
