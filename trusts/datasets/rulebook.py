"""Rules of one dataset: cleaned against its newest version and the other datasets they refer to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from django.db.models import QuerySet

from trusts.datasets.expectations import KINDS, MOST_RULES, RuleFault, cleaned, same, sentence
from trusts.datasets.models import Dataset, DatasetVersion

Rule = dict[str, Any]


def newest(dataset: Dataset) -> DatasetVersion | None:
    """The newest version that was read."""
    return dataset.versions.filter(state="profiled").order_by("-number").first()


def types_of(dataset: Dataset) -> dict[str, str] | None:
    """Columns and types that rules may speak of; None while no version has been read."""
    version = newest(dataset)
    return version.column_types() if version else None


def other_datasets(dataset: Dataset) -> list[Dataset]:
    """What a reference may point to: other datasets of the same organisation."""
    return list(
        Dataset.objects.filter(organisation_id=dataset.organisation_id)
        .exclude(pk=dataset.pk)
        .order_by("title_text")
    )


def _other(rule: Rule, dataset: Dataset) -> Rule:
    """The reference with its dataset's title, if that dataset is there and the holder's own."""
    try:
        other = Dataset.objects.filter(
            pk=UUID(rule["dataset"]), organisation_id=dataset.organisation_id
        ).first()
    except ValueError:
        other = Dataset.objects.filter(
            slug=rule["dataset"][:120], organisation_id=dataset.organisation_id
        ).first()
    if other is None or other.pk == dataset.pk:
        raise RuleFault("dataset", "Choose another dataset of your organisation.")
    types = types_of(other)
    if types is not None and rule["their_column"] not in types:
        raise RuleFault("their_column", f"{other.title_text} has no column {rule['their_column']}.")
    return {**rule, "dataset": str(other.pk), "dataset_title": other.title_text}


def one_cleaned(rule: Any, dataset: Dataset, types: dict[str, str] | None) -> Rule:
    """One rule as it is kept. Raises RuleFault."""
    found = cleaned(rule, types)
    return _other(found, dataset) if found["rule"] == "reference" else found


def all_cleaned(rules: Any, dataset: Dataset) -> list[Rule]:
    """All rules as they are kept. A rule that stands already stays, though its column is gone: the
    check says so then, and nothing is lost. Raises RuleFault that names the rule's place."""
    if not isinstance(rules, list):
        raise RuleFault("rules", "Give a list of rules.")
    if len(rules) > MOST_RULES:
        raise RuleFault("rules", f"A dataset has at most {MOST_RULES} rules.")
    types, kept, found = types_of(dataset), {rule["id"]: rule for rule in dataset.rules}, []
    for place, rule in enumerate(rules, start=1):
        if isinstance(rule, dict) and kept.get(str(rule.get("id"))) == rule:
            found.append(rule)
            continue
        try:
            found.append(one_cleaned(rule, dataset, types))
        except RuleFault as fault:
            raise RuleFault("rules", f"Rule {place}: {fault.text}") from None
    if len({rule["id"] for rule in found}) < len(found):
        raise RuleFault("rules", "Two rules have the same id.")
    return found


def references(dataset: Dataset) -> dict[str, dict[str, str]]:
    """Rule id → {"sha256", "column"} of the newest version that each reference is checked against."""
    found = {}
    for rule in dataset.rules:
        if rule["rule"] != "reference":
            continue
        other = Dataset.objects.filter(pk=rule["dataset"], organisation_id=dataset.organisation_id).first()
        version = newest(other) if other else None
        if version is not None:
            found[rule["id"]] = {"sha256": version.parquet_sha256, "column": rule["their_column"]}
    return found


def referring_to(dataset: Dataset) -> list[Dataset]:
    """Datasets of the same organisation with a rule that refers to this one."""
    return [
        other
        for other in _ruled().filter(organisation_id=dataset.organisation_id).exclude(pk=dataset.pk)
        if any(rule["rule"] == "reference" and rule["dataset"] == str(dataset.pk) for rule in other.rules)
    ]


def with_freshness() -> list[Dataset]:
    """Datasets, of all organisations, with a rule that time alone can break."""
    return [found for found in _ruled() if any(rule["rule"] == "freshness" for rule in found.rules)]


def _ruled() -> QuerySet[Dataset]:
    return Dataset.objects.exclude(rules=[]).exclude(state="retired")


def imported(text: str, dataset: Dataset) -> dict[str, list[Any]]:
    """An ODCS contract against this dataset: `rules` that are new, `known` ones it already has, and
    `unread`, in words, what this portal cannot check. Nothing is saved. Raises odcs.OdcsFault."""
    from trusts.datasets import odcs

    raw, unread = odcs.read(text)
    types, new, known = types_of(dataset), [], []
    ids = {rule["id"] for rule in dataset.rules}
    for given in raw:
        try:
            rule = one_cleaned(given, dataset, types)
        except RuleFault as fault:
            name = given.get("column") or ", ".join(given.get("columns") or []) or "The table"
            unread.append(f"{name}: {KINDS[given['rule']].label.lower()}. {fault.text}")
            continue
        if rule.get("note") == sentence(rule):
            del rule["note"]
        if any(same(rule, other) for other in dataset.rules):
            known.append(rule)
            continue
        if rule["id"] in ids:
            rule["id"] = uuid4().hex[:8]
        ids.add(rule["id"])
        new.append(rule)
    return {"rules": new, "known": known, "unread": unread}


def contract_text(dataset: Dataset, policies: Iterable[dict[str, str]] = ()) -> str:
    """The dataset as ODCS YAML, with the newest version's dictionary, and the policies on it (see `odcs.export`)."""
    from trusts.datasets import odcs

    version = newest(dataset)
    columns = list(version.columns.order_by("position")) if version else []
    return odcs.export(
        dataset, columns, dataset.rules, f"{version.number if version else 0}.0.0", version, policies
    )


__all__ = [
    "KINDS",
    "all_cleaned",
    "contract_text",
    "imported",
    "newest",
    "one_cleaned",
    "other_datasets",
    "references",
    "referring_to",
    "types_of",
    "with_freshness",
]
