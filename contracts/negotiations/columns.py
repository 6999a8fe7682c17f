"""A newer version without a column that a contract relies on: both sides are told. The contract runs on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from contracts.negotiations.machines import AGREEMENT
from contracts.negotiations.models import Agreement
from kernel.actor import Actor, system
from kernel.audit.models import Event
from kernel.registry import performs
from kernel.transition import transition
from trusts.datasets.changes import schema_changes
from trusts.datasets.models import DatasetVersion

ACTION = "warn_of_columns"


def named_columns(terms: dict[str, Any]) -> set[str]:
    """Every column that the terms name, in whichever clause."""
    found: set[str] = set()
    for clause in terms.values():
        if isinstance(clause, dict):
            for key in ("only", "columns", "by", "column"):
                value = clause.get(key)
                found.update(
                    [value] if isinstance(value, str) else [v for v in value or [] if isinstance(v, str)]
                )
    return found


def relied_on(agreement: Agreement) -> set[str]:
    """Columns that the contract's terms or requests under it name and its own version has."""
    found = named_columns(agreement.terms)
    for columns in agreement.requests.exclude(state__in=["draft", "refused", "withdrawn"]).values_list(
        "columns", flat=True
    ):
        found.update(columns or [])
    return found & set(agreement.version_of_data.column_types())


def words(agreement: Agreement, version: DatasetVersion, changes: dict[str, Any]) -> str:
    """What both sides read; empty if nothing that the contract relies on is gone or of another type."""
    relied = relied_on(agreement)
    # What a version is called that is in no catalogue is its holder's affair.
    listed = version.dataset.state == "listed"
    guesses = {pair["old"]: pair["new"] for pair in changes["renamed"]} if listed else {}
    gone = [
        f"{name} (perhaps now {guesses[name]})" if name in guesses else name
        for name in changes["removed"]
        if name in relied
    ]
    other = [
        f"{c['name']} (now {c['new']}, was {c['old']})" for c in changes["retyped"] if c["name"] in relied
    ]
    if not gone and not other:
        return ""
    parts = [f"no longer has {', '.join(gone)}"] if gone else []
    parts += [f"holds other types in {', '.join(other)}"] if other else []
    return f"Your contract runs on with version {agreement.version_of_data.number}; version {version.number} {' and '.join(parts)}."


@performs(AGREEMENT, ACTION)
def warn_of_columns(
    agreement_id: UUID, *, actor: Actor, text: str, number: int, seen: int | None = None
) -> Agreement:
    """Record the warning where both sides read it, and let both be told by mail."""
    with transition(AGREEMENT, ACTION, agreement_id, actor=actor, reason=text) as change:
        change.detail = {"version": number}
    return change.subject


def on_version_profiled(message: dict[str, Any]) -> None:
    """A version was read: warn the contracts in force on earlier ones, once for each version."""
    version = DatasetVersion.objects.select_related("dataset").get(pk=UUID(message["id"]))
    live = Agreement.objects.filter(dataset_id=version.dataset_id, state__in=["in_force", "suspended"])
    for agreement in live.filter(version_of_data__number__lt=version.number).select_related(
        "version_of_data"
    ):
        told = Event.objects.filter(subject_id=agreement.pk, action=ACTION).values_list("detail", flat=True)
        if any(detail.get("version") == version.number for detail in told):
            continue
        own = agreement.version_of_data
        changes = schema_changes(own.column_types(), version.column_types(), own.profile, version.profile)
        if text := words(agreement, version, changes):
            warn_of_columns(agreement.pk, actor=system("version watch"), text=text, number=version.number)


def warnings(agreement: Agreement) -> list[str]:
    """The warnings that stand, newest first, for the contract's page."""
    events = Event.objects.filter(subject_id=agreement.pk, action=ACTION).order_by("-created", "-id")
    return list(events.values_list("reason", flat=True)[:5])
