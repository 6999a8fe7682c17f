"""Walk the road several times, so that every page of the demo has something real on it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from contracts.library import services as library
from contracts.library.models import SavedRecipe
from contracts.negotiations import agreements, offers
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Agreement
from contracts.sharing import services as sharing
from contracts.sharing.models import Request
from jobs.deliveries import services as deliveries
from jobs.deliveries.models import Delivery
from jobs.runs.models import Job
from kernel import doors, outbox
from portal.demo import governing, lineage, watching
from portal.demo.data import FILES, packed
from portal.demo.people import Stage, assemble
from trusts.datasets import services as datasets
from trusts.datasets.machines import VERSION
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.datasets.rulebook import all_cleaned
from trusts.membership.models import Trust

WAIT = 180


class WorkerSilent(Exception):
    """The worker did not finish in time."""


def seed(say: Callable[[str], Any]) -> None:
    """Everything of the demo. Raises WorkerSilent if no worker does the jobs."""
    stage, trust, _ = assemble()
    say("people, organisations, a trust and an alliance")
    first = {name: register(stage, name, 2_000 if name == "flights" else None) for name in FILES}
    _settled()
    for name, version in first.items():
        describe(stage, name, version)
    correct(stage, first["airports"])
    set_rules(stage, first["flights"].dataset)
    flights2 = datasets.add_version(
        first["flights"].dataset_id, actor=stage.actor("dana"), file=_file("flights", None)
    )
    datasets.add_version(first["weather"].dataset_id, actor=stage.actor("ada"), file=_file("weather", 20_000))
    _settled()
    flights2.refresh_from_db()
    say(f"four datasets; flights has {flights2.rows:,} rows")
    for name in ("flights", "planes"):
        offers.publish(first[name].dataset_id, actor=stage.actor("dana"), terms=terms(name), trust=trust)
    offers.publish(first["weather"].dataset_id, actor=stage.actor("ada"), terms=terms("weather"), trust=trust)
    say("three offers")
    contract = agree(stage, "flights", "dana", also=[_dataset("planes").pk])
    ending = agree(stage, "planes", "dana", days=20)
    paused = agree(stage, "weather", "ada")
    gone = agree(stage, "planes", "dana", days=90)
    negotiate(stage)
    governing.govern(stage, trust, _dataset("planes"))
    say("negotiations in every state that matters, and what the charter allows")
    template = recipes(stage, trust)
    made = exports(stage, contract, ending, paused)
    if made is not None:
        own = terms("averages", attribution={"text": "Meridian Insurance"})
        lineage.came_back(stage, trust, made, own, _settled)
    lineage.taken_back(stage, contract.dataset)
    say("averages that came back, and rows that were withdrawn")
    tried(stage, contract, template)
    reviewed_blind(stage, trust, contract)
    # Last of what changes the charter: from then on it takes a vote.
    governing.vote(stage, trust)
    agreements.suspend(
        paused.pk, actor=stage.actor("ada"), reason="We are correcting the wind sensors; back next week."
    )
    agreements.terminate(gone.pk, actor=stage.actor("piotr"), reason="The project was cancelled.")
    governing.grant(stage, _dataset("planes"), contract)
    say("contracts, requests, exports, and rights on single objects")
    watching.watch(stage.actor("ada"))
    say("a witness of the log")


def _file(name: str, rows: int | None) -> SimpleUploadedFile:
    return SimpleUploadedFile(*packed(name, rows))


def register(stage: Stage, name: str, rows: int | None) -> DatasetVersion:
    about = FILES[name]
    actor = stage.actor(about["owner"])
    dataset = datasets.register(
        actor=actor,
        title=about["title"],
        summary=about["summary"],
        keywords=about["keywords"],
        provenance=about["provenance"],
    )
    return datasets.add_version(dataset.pk, actor=actor, file=_file(name, rows))


def describe(stage: Stage, name: str, version: DatasetVersion) -> None:
    about = FILES[name]
    columns: dict[str, dict[str, Any]] = {
        c: {"description": text, "unit": unit} for c, (text, unit) in about["words"].items()
    }
    for column in about["personal"]:
        columns.setdefault(column, {})["personal"] = True
    datasets.describe_columns(version.pk, actor=stage.actor(about["owner"]), columns=columns)


def correct(stage: Stage, version: DatasetVersion) -> None:
    """The weather office says that the altitude is a number although three cells are none."""
    version.refresh_from_db()
    columns = {"alt": {"type": "integer", "on_misfit": "set_missing"}}
    doors.perform(
        VERSION, "correct", version, actor=stage.actor("ada"), data={"columns": json.dumps(columns)}
    )


def set_rules(stage: Stage, dataset: Dataset) -> None:
    """What Hudson expects of its flights: some rules hold, some are broken, one must hold."""
    rules: list[dict[str, Any]] = [
        {"rule": "not_null", "column": "dest", "severity": "must"}, {"rule": "not_null", "column": "arr_delay", "note": "Cancelled flights have none."},
        {"rule": "range", "column": "arr_delay", "min": "-90", "max": "600"}, {"rule": "set", "column": "origin", "values": ["EWR", "JFK", "LGA"], "severity": "must"},
        {"rule": "pattern", "column": "tailnum", "pattern": "[A-Z0-9]{5,6}"}, {"rule": "unique", "columns": ["time_hour", "carrier", "flight", "origin"]},
        {"rule": "reference", "column": "tailnum", "dataset": str(_dataset("planes").pk), "their_column": "tailnum"},
        {"rule": "row_count", "min": 1000},
    ]  # fmt: skip
    datasets.set_rules(dataset.pk, actor=stage.actor("dana"), rules=all_cleaned(rules, dataset))


def _settled() -> None:
    """Wait until the worker has done every job."""
    until = time.monotonic() + WAIT
    while True:
        outbox.dispatch()
        if (
            not Job.objects.filter(state__in=["queued", "running", "checking"]).exists()
            and not DatasetVersion.objects.filter(state__in=["registered", "profiling"]).exists()
        ):
            return
        if time.monotonic() > until:
            raise WorkerSilent(f"The worker did not finish within {WAIT} seconds; see var/log/worker.log.")
        time.sleep(0.3)


def terms(name: str, days: int = 365, **more: Any) -> dict[str, Any]:
    """The public terms of a demo dataset."""
    today: date = timezone.localdate()
    base: dict[str, Any] = {
        "purpose": {"any_of": ["research", "statistics"]}, "recipient": {"who": "named_people"}, "place": {"any_of": ["EEA"]},
        "period": {"from": str(today - timedelta(days=1)), "until": str(today + timedelta(days=days)), "zone": "America/New_York"},
        "exports": {"at_most": 6}, "no_onward_transfer": {}, "no_reidentification": {}, "delete_within": {"days": 30},
        "attribution": {"text": "Hudson Carriers" if name != "weather" else "Tri-State Weather Office"},
    }  # fmt: skip
    if name == "flights":
        # What a partner makes of them may be offered to others (lineage.came_back).
        del base["no_onward_transfer"]
        base |= {"pseudonymise": {"columns": ["tailnum"]}, "min_group_size": {"k": 5, "by": ["carrier", "dest"]},
                 "columns": {"only": ["year", "month", "day", "carrier", "tailnum", "origin", "dest", "dep_delay", "arr_delay", "air_time", "distance"]}}  # fmt: skip
    if name == "planes":
        base |= {"pseudonymise": {"columns": ["tailnum"]}}
    return base | more


def _dataset(name: str) -> Dataset:
    return Dataset.objects.get(title_text=FILES[name]["title"])


def agree(stage: Stage, name: str, owner: str, days: int = 365, also: Sequence[UUID] = ()) -> Agreement:
    """Ask, be offered a change, accept."""
    asked = negotiations.ask(
        actor=stage.actor("piotr"),
        dataset=_dataset(name),
        terms=terms(name, days),
        note="For our study of delays.",
        also=also,
    )
    offered = negotiations.make_offer(
        asked.pk,
        actor=stage.actor(owner),
        terms=terms(name, days, delete_within={"days": 21}),
        note="Fine; please delete a little sooner.",
    )
    newest = offered.proposals.order_by("-number").first()
    return negotiations.accept(offered.pk, actor=stage.actor("piotr"), policy_hash=newest.policy_hash)


def negotiate(stage: Stage) -> None:
    """One waiting for Dana, one for Piotr in its third round, one rejected, one withdrawn."""
    piotr, dana, ada = stage.actor("piotr"), stage.actor("dana"), stage.actor("ada")
    waiting = negotiations.ask(
        actor=piotr,
        dataset=_dataset("flights"),
        terms=terms("flights", 500, purpose={"any_of": ["research", "pricing"]}),
        note="We would also like to price our product with it.",
    )
    negotiations.comment(
        waiting.pk, actor=piotr, text="Pricing would use averages only. Is that possible?", clause="purpose"
    )
    third = negotiations.ask(
        actor=piotr, dataset=_dataset("weather"), terms=terms("weather", 400, exports={"at_most": 50})
    )
    third = negotiations.make_offer(
        third.pk,
        actor=ada,
        terms=terms("weather", 300, exports={"at_most": 12}),
        note="Twelve exports are enough for a year.",
    )
    third = negotiations.counter(
        third.pk,
        actor=piotr,
        terms=terms("weather", 300, exports={"at_most": 24}, place={"any_of": ["EEA", "CH"]}),
    )
    negotiations.make_offer(
        third.pk,
        actor=ada,
        terms=terms("weather", 300, exports={"at_most": 18}, place={"any_of": ["EEA", "CH"]}),
        note="Eighteen, and Switzerland is fine.",
    )
    no = negotiations.ask(
        actor=piotr, dataset=_dataset("planes"), terms=terms("planes", purpose={"any_of": ["ai_training"]})
    )
    negotiations.reject(no.pk, actor=dana, reason="Training is outside what our board has agreed to.")
    back = negotiations.ask(actor=piotr, dataset=_dataset("planes"), terms=terms("planes", 30))
    negotiations.withdraw(back.pk, actor=piotr, reason="We found that the other contract covers it.")


def ask_for(
    stage: Stage,
    contract: Agreement,
    columns: list[str],
    recipe: list[dict[str, Any]] | None = None,
    **more: Any,
) -> Request:
    answers = {
        "purpose": "academic_research",
        "purpose_note": "A study of what makes flights late, with the university.",
        "place": "DE",
        "format": "csv",
        "row_filter": [],
    } | more
    return sharing.draft(
        actor=stage.actor("piotr"),
        agreement=contract,
        people=[stage.users["piotr"].pk, stage.users["sam"].pk],
        columns=columns,
        recipe=recipe or [],
        **answers,
    )


TIDY = [
    {"name": "trim", "params": {"columns": ["carrier", "dest"]}},
    {"name": "drop_missing", "params": {"columns": ["dep_delay", "arr_delay"]}},
    {"name": "range_check", "params": {"column": "arr_delay", "min": "-90", "max": "600", "on_fail": "drop"}},
]  # fmt: skip


def recipes(stage: Stage, trust: Trust) -> SavedRecipe:
    """A template that the members of the trust can use, in its second version, and a private recipe."""
    dana, piotr = stage.actor("dana"), stage.actor("piotr")
    template = library.save(
        actor=dana, name="Tidy delays", steps=TIDY[:2], description="Flights with a credible delay only."
    )
    library.edit(template.pk, actor=dana, name=template.name, description=template.description, steps=TIDY,
                 note="Delays beyond ten hours are slips of the pen.")  # fmt: skip
    library.share(template.pk, actor=dana, trust=trust.pk)
    coarse = [{"name": "generalise", "params": {"column": "delay", "how": "band", "width": "15"}}]
    library.save(actor=piotr, name="Delays in quarters of an hour", steps=coarse)
    return template


def tried(stage: Stage, contract: Agreement, template: SavedRecipe) -> None:
    """A request that waits with a dry run beside it, and the template tried on the provider's own flights."""
    columns = ["month", "carrier", "tailnum", "dest", "dep_delay", "arr_delay"]
    waiting = ask_for(
        stage, contract, columns, TIDY, purpose_note="Delays by carrier and month, for our yearly report."
    )
    sharing.try_out(waiting.pk, actor=stage.actor("piotr"))
    sharing.submit(waiting.pk, actor=stage.actor("piotr"))
    library.try_on(template.pk, actor=stage.actor("dana"), dataset=contract.dataset)
    _settled()


TWICE = "This is the same as your last export, and nothing says what became of that one; use it, or tell us what was wrong."


def reviewed_blind(stage: Stage, trust: Trust, contract: Agreement) -> None:
    """A request in the first of two stages: one reviewer has answered, and the other does not see what."""
    governing.review_in_stages(stage, trust)
    found = ask_for(
        stage,
        contract,
        ["carrier", "tailnum", "arr_delay"],
        purpose_note="Which aircraft are late again and again.",
    )
    sharing.submit(found.pk, actor=stage.actor("piotr"))
    sharing.approve(found.pk, actor=stage.actor("rui"), reason="Pseudonyms are enough for this.")


def exports(stage: Stage, contract: Agreement, ending: Agreement, paused: Agreement) -> Delivery | None:
    """Exports in every state: delivered, failed on purpose, returned, refused, waiting, a draft. The first that was delivered."""
    piotr, rui, ada = stage.actor("piotr"), stage.actor("rui"), stage.actor("ada")
    clean = [{"name": "drop_missing", "params": {"columns": ["dep_delay", "arr_delay"]}},
             {"name": "range_check", "params": {"column": "arr_delay", "min": "-90", "max": "600", "on_fail": "drop"}}]  # fmt: skip
    columns = ["month", "day", "carrier", "tailnum", "origin", "dest", "dep_delay", "arr_delay"]
    good = ask_for(stage, contract, columns, clean)
    sharing.submit(good.pk, actor=piotr)
    sharing.approve(
        good.pk,
        actor=rui,
        reason="Clear purpose, only what is needed.",
        checklist=["purpose", "columns", "people"],
    )
    bad = ask_for(
        stage,
        contract,
        ["carrier", "dest", "arr_delay"],
        [{"name": "cast", "params": {"column": "carrier", "to": "integer"}}],
    )
    sharing.submit(bad.pk, actor=piotr)
    sharing.approve(bad.pk, actor=rui, reason="Carriers and airports, no person in them.")
    small = ask_for(stage, ending, ["tailnum", "year", "type", "manufacturer", "seats"], format="xlsx")
    sharing.submit(small.pk, actor=piotr)
    sharing.approve(small.pk, actor=rui, reason="Aircraft are registered publicly, in full.")
    wind = ask_for(stage, paused, ["origin", "time_hour", "temp", "wind_speed", "visib"], format="parquet")
    sharing.submit(wind.pk, actor=piotr)
    sharing.approve(wind.pk, actor=ada, reason="Weather at an airport tells of no person.")
    _settled()
    delivered = good.deliveries.first()
    if delivered is not None:
        deliveries.download(delivered.pk, actor=piotr)
    returned = ask_for(stage, contract, columns)
    sharing.submit(returned.pk, actor=piotr)
    sharing.send_back(
        returned.pk, actor=rui, reason="Which journal or report is this for? Do you need the day?"
    )
    refused = ask_for(stage, ending, ["tailnum", "year"])
    sharing.submit(refused.pk, actor=piotr)
    for person in (rui, stage.actor("dana")):
        sharing.refuse(refused.pk, actor=person, reason=TWICE)
    waiting = ask_for(
        stage,
        contract,
        ["carrier", "dest", "distance", "arr_delay"],
        clean[:0],
        purpose="statistics",
        purpose_note="Monthly averages for our annual report.",
    )
    sharing.submit(waiting.pk, actor=piotr)
    ask_for(stage, contract, ["carrier", "arr_delay"])
    return delivered
