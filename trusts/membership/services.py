"""Verbs of trusts and memberships: the only writers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from kernel.actor import Actor
from kernel.decision import Decision, Outcome, Reason, Refused, worst_of
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.membership import auditing
from trusts.membership.endings import follow
from trusts.membership.facts import membership_facts
from trusts.membership.governance_check import GovernanceError, checked
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import Charter, Membership, Trust
from trusts.membership.roles import may_begin
from trusts.membership.rules import a_trustee_stays
from trusts.membership.ruling import judge_rules
from trusts.membership.trust_machine import TRUST
from trusts.membership.voting import trustee_without_vote
from trusts.membership.winding import wind_up as wind_up
from trusts.organisations.models import Organisation
from trusts.organisations.services import free_slug


def judge_governance(kind: str, given: Any) -> dict[str, Any]:
    """What differs from the usual of this kind. Raises Refused with a reason for every place that makes no sense."""
    try:
        return checked(kind, given)
    except GovernanceError as problem:
        reasons = tuple(
            Reason(f"governance.{fault.path or 'all'}", f"{fault.path}: {fault.text}" if fault.path else fault.text,
                   fault.remedy, field="governance")
            for fault in problem.faults
        )  # fmt: skip
        raise Refused(Decision(Outcome.DENY, reasons)) from problem


@performs(TRUST, "found")
def found(
    *,
    actor: Actor,
    name: str,
    kind: str,
    purpose: str,
    charter: str,
    open_to_apply: bool = True,
    governance: dict[str, Any] | None = None,
    rules: dict[str, Any] | None = None,
) -> Trust:
    """A new trust with charter version 1; the founding organisation is its first trustee.

    `governance` is laid over the usual of the kind, `rules` limit all contracts. Raises Refused for either that makes no sense.
    """
    if not (begins := may_begin(actor.organisation_id)).allowed:
        raise Refused(begins)
    if Trust.objects.filter(name__iexact=name.strip()).exists():
        raise Refused.because(
            "trust.name_taken",
            f"There is already a trust called {name}",
            remedy="Choose another name",
            field="name",
        )
    trust = Trust(
        name=name.strip(),
        slug=free_slug(Trust, name),
        kind=kind,
        purpose=purpose,
        founder_id=actor.organisation_id,
        open_to_apply=open_to_apply,
    )
    with transaction.atomic():
        with creation(TRUST, "found", trust, actor=actor):
            pass
        Charter.objects.create(
            trust=trust, number=1, text=charter, author_id=actor.user_id,
            governance=judge_governance(kind, governance or {}), rules=judge_rules(rules) if rules else {},
        )  # fmt: skip
        first = Membership(
            trust=trust, organisation_id=actor.organisation_id, role="trustee", since=timezone.now()
        )
        with creation(MEMBERSHIP, "start", first, actor=actor):
            pass
    return trust


def _begin(action: str, membership: Membership, actor: Actor) -> Membership:
    try:
        with creation(MEMBERSHIP, action, membership, actor=actor):
            pass
    except IntegrityError as problem:
        raise Refused.because(
            "membership.standing",
            f"{membership.organisation} already has a standing membership or application",
            remedy="See the members' page",
        ) from problem
    return membership


@performs(MEMBERSHIP, "invite")
def invite(
    trust_id: UUID,
    *,
    actor: Actor,
    organisation: Organisation,
    role: str,
    message: str = "",
    seen: int | None = None,
) -> Membership:
    """Invite an organisation; it becomes a member when it accepts."""
    return _begin(
        "invite", Membership(trust_id=trust_id, organisation=organisation, role=role, message=message), actor
    )


@performs(MEMBERSHIP, "apply")
def apply(trust_id: UUID, *, actor: Actor, role: str, message: str = "") -> Membership:
    """Apply for the organisation acted for; a trustee decides."""
    organisation = Organisation.objects.get(pk=actor.organisation_id)
    return _begin(
        "apply", Membership(trust_id=trust_id, organisation=organisation, role=role, message=message), actor
    )


def _simple(action: str) -> Any:
    def verb(membership_id: UUID, *, actor: Actor, seen: int | None = None, reason: str = "") -> Membership:
        with transition(MEMBERSHIP, action, membership_id, actor=actor, seen=seen, reason=reason) as change:
            follow(change.subject, action, actor)
        return change.subject

    verb.__name__ = action
    verb.__doc__ = f"{MEMBERSHIP.action(action).label}. Raises Refused and changes nothing."
    return performs(MEMBERSHIP, action)(verb)


decline = _simple("decline")


@performs(MEMBERSHIP, "admit")
def admit(
    membership_id: UUID, *, actor: Actor, condition: str = "", due: date | None = None, seen: int | None = None,
    reason: str = "",
) -> Membership:  # fmt: skip
    """A member from now on, perhaps on a condition with its day; on probation for as long as the charter says."""
    with transition(
        MEMBERSHIP, "admit", membership_id, actor=actor, seen=seen, reason=reason or condition
    ) as change:
        begin(change.subject)
        if condition and due is not None:
            change.subject.conditions = [{"text": condition, "due": due.isoformat(), "outcome": ""}]
    return change.subject


@performs(MEMBERSHIP, "accept")
def accept(membership_id: UUID, *, actor: Actor, seen: int | None = None) -> Membership:
    """The invited organisation is a member from now on. Raises Refused and changes nothing."""
    with transition(MEMBERSHIP, "accept", membership_id, actor=actor, seen=seen) as change:
        begin(change.subject)
    return change.subject


def begin(membership: Membership) -> None:
    """What holds from the first day: since when, and the charter's probation."""
    membership.since = timezone.now()
    if days := membership.trust.governance()["members"]["probation_days"]:
        membership.probation_until = timezone.localdate() + timedelta(days=days)


refuse = _simple("refuse")
withdraw = _simple("withdraw")
revoke = _simple("revoke")
suspend = _simple("suspend")
reinstate = _simple("reinstate")
leave = _simple("leave")
expel = _simple("expel")


@performs(MEMBERSHIP, "attest_level")
def attest_level(
    membership_id: UUID, *, actor: Actor, level: int, on: date, note: str, seen: int | None = None
) -> Membership:
    """What the trust found of a member's security, 1 to 5, on which day and how. Contracts may ask for a level."""
    with transition(MEMBERSHIP, "attest_level", membership_id, actor=actor, seen=seen, reason=note) as change:
        found: Membership = change.subject
        found.security_level, found.level_on, found.level_note = level, on, note
        found.level_by_id = actor.user_id
        change.detail = {"level": level, "on": on.isoformat()}
    return found


@performs(TRUST, "edit")
def edit(
    trust_id: UUID, *, actor: Actor, purpose: str, open_to_apply: bool, seen: int | None = None
) -> Trust:
    with transition(TRUST, "edit", trust_id, actor=actor, seen=seen) as change:
        change.subject.purpose, change.subject.open_to_apply = purpose, open_to_apply
    return change.subject


@performs(TRUST, "change_charter")
def change_charter(
    trust_id: UUID,
    *,
    actor: Actor,
    text: str | None = None,
    rules: dict[str, Any] | None = None,
    governance: dict[str, Any] | None = None,
    author_id: UUID | None = None,
    seen: int | None = None,
) -> Trust:
    """A new version of the charter; earlier ones stay readable. What is not given stays as it was.

    `rules`: the limits for all contracts as data. `governance`: how the trust governs itself, whole, over the usual of its
    kind. `author_id`: who wrote it, where the portal carries out what was voted. Raises Refused for what makes no sense.
    """
    judged = judge_rules(rules) if rules is not None else None
    with transition(TRUST, "change_charter", trust_id, actor=actor, seen=seen) as change:
        trust = change.subject
        governing = judge_governance(trust.kind, governance) if governance is not None else None
        last = trust.charters.first()
        number = (last.number if last else 0) + 1
        Charter.objects.create(
            trust=trust,
            number=number,
            text=text if text is not None else last.text if last else "",
            rules=judged if judged is not None else last.rules if last else {},
            governance=governing if governing is not None else last.governance if last else {},
            author_id=author_id or actor.user_id,
        )
        change.detail = {"charter": number, "rules": judged is not None, "governance": governing is not None}
        # Who runs it may be somebody else from here on.
        vars(trust).pop("_governance", None)
        if not trust.trustees():
            raise Refused.because(
                "governance.nobody", "Nobody would run the trust: no active member is in one of these roles",
                remedy="Name a role that a member has", field="governance",
            )  # fmt: skip
        auditing.on_charter(trust, actor)
    return trust


@performs(TRUST, "invite")
def invite_member(
    trust_id: UUID,
    *,
    actor: Actor,
    organisation: Organisation,
    role: str,
    message: str = "",
    seen: int | None = None,
) -> Membership:
    """Invite through the trust's page: recorded there, begun by `invite`."""
    with transition(TRUST, "invite", trust_id, actor=actor) as change:
        change.detail = {"organisation": organisation.name, "role": role}
        return invite(trust_id, actor=actor, organisation=organisation, role=role, message=message)


@performs(MEMBERSHIP, "note_merger")
def note_merger(membership_id: UUID, *, actor: Actor, into: str) -> Membership:
    """The member has merged into another organisation; the other members are told."""
    with transition(MEMBERSHIP, "note_merger", membership_id, actor=actor) as change:
        change.detail = {"into": into}
    return change.subject


@performs(MEMBERSHIP, "change_role")
def change_role(
    membership_id: UUID, *, actor: Actor, role: str, also: Iterable[str] = (), seen: int | None = None
) -> Membership:
    """Another role in the trust, and further ones beside it. Raises Refused if the last trustee would lose that role."""
    with transition(MEMBERSHIP, "change_role", membership_id, actor=actor, seen=seen) as change:
        # The last one that runs the trust stays; who is to run it is voted on where the charter says so.
        governs = role in change.subject.trust.governance()["governed_by"]
        rules = ([] if governs else [a_trustee_stays]) + ([trustee_without_vote] if role == "trustee" else [])
        facts = membership_facts(change.subject, actor)
        decision = worst_of(rule(facts) for rule in rules)
        if not decision.allowed:
            raise Refused(decision)
        change.subject.role, change.subject.role_asked = role, {}
        # A trustee beside another role would be one without the vote that appointing one may take.
        change.subject.also = sorted(set(also) - {role, "trustee"})
        auditing.on_role(change.subject, actor)
    return change.subject
