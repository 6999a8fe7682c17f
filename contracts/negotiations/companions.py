"""Further datasets under the same terms: which may be chosen, how they are called, what is signed of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from contracts.negotiations.models import Agreement, Companion, Negotiation
from contracts.policies.taxonomy import listed
from contracts.policies.terms import Terms
from kernel.decision import Refused
from trusts.datasets.models import Column, Dataset, DatasetVersion

MOST = 8


def candidates(dataset: Dataset) -> QuerySet[Dataset]:
    """Datasets of the same provider that are listed in the same trust and have been read."""
    found = Dataset.objects.filter(
        organisation_id=dataset.organisation_id, trust_id=dataset.trust_id, state="listed", versions__state="profiled"
    ).exclude(pk=dataset.pk)  # fmt: skip
    return found.distinct().order_by("title_text", "pk")


def personal_columns(found: Iterable[DatasetVersion]) -> list[str]:
    """Names of the columns that may identify someone, for the clause on pseudonyms."""
    rows = Column.objects.filter(version__in=list(found), personal=True).values_list("name", flat=True)
    return sorted(set(rows))


def offered(dataset: Dataset, chosen: Iterable[str]) -> dict[str, Any]:
    """For the page: what may come with a dataset, what is ticked, and its columns that may identify someone."""
    ticked, found, versions = set(chosen), [], []
    for one in candidates(dataset).prefetch_related("versions"):
        newest = max((v for v in one.versions.all() if v.state == "profiled"), key=lambda v: v.number)
        versions.append(newest)
        found.append({"id": str(one.pk), "title": one.title_text, "version": newest.number, "rows": newest.rows,
                      "chosen": str(one.pk) in ticked})  # fmt: skip
    return {"also": found, "more": personal_columns(versions)}


def read_ids(given: Iterable[str]) -> list[UUID]:
    """Ids as posted. Raises Refused for what is none."""
    try:
        return [UUID(one) for one in given]
    except ValueError:
        raise Refused.because("companions.unknown", "A further dataset is not known", remedy="Choose from the list",
                              field="also") from None  # fmt: skip


def alias_of(title: str, taken: Iterable[str]) -> str:
    """A short name for recipes: letters, digits and underscores, beginning with a letter, not taken yet."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    name = "_".join(words)[:30].strip("_") or "data"
    name = name if name[0].isalpha() else f"d_{name}"
    known, count = set(taken), 2
    found = name
    while found in known:
        found, count = f"{name}_{count}", count + 1
    return found


def choose(negotiation: Negotiation, wanted: Iterable[UUID], taken: Iterable[str] = ()) -> list[Companion]:
    """Companions of a negotiation, not saved yet, with aliases not `taken`. Raises Refused for what is not on offer."""
    ids, names = list(dict.fromkeys(wanted)), list(taken)
    if len(ids) > MOST:
        raise Refused.because("companions.many", f"At most {MOST} further datasets fit in one contract",
                              remedy="Choose fewer", field="also")  # fmt: skip
    on_offer = {found.pk: found for found in candidates(negotiation.dataset).filter(pk__in=ids)}
    if len(on_offer) != len(ids):
        raise Refused.because("companions.unknown", "A further dataset is not listed by the same provider in this trust",
                              remedy="Choose from the list", field="also")  # fmt: skip
    made: list[Companion] = []
    for pk in ids:
        dataset = on_offer[pk]
        version = dataset.versions.filter(state="profiled").order_by("-number").first()
        assert version is not None
        alias = alias_of(dataset.title_text, names)
        names.append(alias)
        made.append(Companion(negotiation=negotiation, dataset=dataset, version_of_data=version, alias=alias))
    return made


def change(negotiation: Negotiation, wanted: Iterable[UUID]) -> list[Companion]:
    """Another set from this turn on: what stays keeps its version and alias. Returns what came new.

    Inside a transaction. Raises Refused for what is not on offer.
    """
    ids = set(wanted)
    now = {one.dataset_id: one for one in negotiation.companions.all()}
    if len(ids) > MOST:
        raise Refused.because("companions.many", f"At most {MOST} further datasets fit in one contract",
                              remedy="Choose fewer", field="also")  # fmt: skip
    stays = [one.alias for pk, one in now.items() if pk in ids]
    new = choose(negotiation, [pk for pk in ids if pk not in now], stays)
    negotiation.companions.exclude(dataset_id__in=ids).delete()
    return Companion.objects.bulk_create(new)


def inherit(negotiation: Negotiation, agreement: Agreement) -> list[Companion]:
    """The further datasets of a contract, by the versions it was signed for; not saved yet."""
    found = agreement.negotiation.companions.all()
    return [
        Companion(negotiation=negotiation, dataset_id=one.dataset_id, version_of_data_id=one.version_of_data_id, alias=one.alias)
        for one in found
    ]  # fmt: skip


def still_offered(negotiation: Negotiation) -> None:
    """Raises Refused when a further dataset left the catalogue while the terms were discussed."""
    if negotiation.kind == "amendment":
        return  # What was signed for stays, in a catalogue or not.
    gone = [c.dataset.title_text for c in negotiation.companions.select_related("dataset")
            if c.dataset.state != "listed" or c.dataset.trust_id != negotiation.trust_id]  # fmt: skip
    if gone:
        raise Refused.because("negotiation.unlisted", f"No longer in the catalogue: {listed(gone)}",
                              remedy="Begin a new negotiation without it")  # fmt: skip


def signed(negotiation: Negotiation) -> list[dict[str, Any]]:
    """What the agreement's payload says of each: alias, dataset, title, version and both hashes."""
    found = negotiation.companions.select_related("dataset", "version_of_data")
    return [
        {"alias": c.alias, "id": c.dataset.iri, "title": c.dataset.title_text, "version": c.version_of_data.number,
         **c.version_of_data.hashes()}
        for c in found
    ]  # fmt: skip


def words(also: list[dict[str, Any]], terms: Terms) -> list[str]:
    """What holds for the further datasets, one sentence for each, and one for all."""
    if not also:
        return []
    found = [f"With it comes {one['title']}, version {one['version']}, as {one['alias']}." for one in also]
    names = (terms.get("pseudonymise") or {}).get("columns", [])
    text = "All columns of what comes with it may be used"
    if names:
        text += f"; a column of the name {listed(names, 'or')} is a pseudonym there too"
    return [*found, f"{text}. Purpose, place, period, exports and duties are the same."]


def inputs_of(agreement: Agreement) -> dict[str, DatasetVersion]:
    """Alias → the exact version that was signed. Raises Refused if the bytes are not the signed ones."""
    if not agreement.also:
        return {}
    rows = agreement.negotiation.companions.select_related("version_of_data__dataset")
    found = {c.alias: c.version_of_data for c in rows}
    for one in agreement.also:
        version = found.get(one["alias"])
        if version is None or version.parquet_sha256 != one["parquet_sha256"]:
            raise Refused.because("job.input", f"{one['title']} is not the version that the contract names",
                                  remedy="Tell the operator")  # fmt: skip
    return found
