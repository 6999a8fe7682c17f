"""A person asks to be forgotten (GDPR Art. 17): names leave the rows and the log, what was done stays provable.

What stays: the person's random id in entries, commitments to what was erased, and documents that both parties of a
contract signed or hold (Art. 17(3)(b) and (e): legal obligations and claims); those are listed for the operator.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from kernel.actor import Actor
from kernel.audit.erase import ERASED, erase, holding
from kernel.audit.record import note
from kernel.decision import Refused
from trusts.organisations.models import ApiToken, Invitation, OrganisationMember, User


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased: entries of the log, values in them; `kept`: entries of before values could be erased."""

    events: int
    values: int
    kept: int


class _Person:
    """Whom the entry of an erasure is about: an id, no name. Read by the organisations where the person was."""

    def __init__(self, pk: UUID, organisations: Collection[UUID]) -> None:
        self.pk, self._organisations = pk, organisations

    def title(self) -> str:
        return ERASED

    def parties(self) -> Mapping[str, Collection[Any]]:
        return {"place": self._organisations}

    def frames(self) -> Collection[Any]:
        return ()


def erase_person(user_id: UUID, *, actor: Actor, reason: str) -> Erased:
    """Take a person's name and address out of the rows and the log. Raises Refused while they may still act somewhere.

    All in one transaction, with an entry of its own that says how much went and why, and not who it was.
    """
    if not actor.is_system and not actor.is_operator:
        raise Refused.because(
            "person.erase_who",
            "Only the operator of the portal erases people from the log",
            remedy="Ask the operator",
        )
    if not reason.strip():
        raise Refused.because(
            "person.erase_reason",
            "An erasure needs a reason",
            remedy="Say when and how the person asked, without the name",
            field="reason",
        )
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user_id)
        places = list(OrganisationMember.objects.filter(user=user))
        if any(place.state == "active" for place in places):
            raise Refused.because(
                "person.still_acts", "The person may still act for an organisation",
                remedy="An owner there removes them first, or they leave; then ask again",
            )  # fmt: skip
        names = [user.name, user.email]
        events = values = kept = 0
        for event, paths in holding(user.pk, names):
            try:
                gone = len(erase(event, paths))
            except ValueError:
                kept += 1
                continue
            events, values = events + 1, values + gone
        _forget_rows(user, names[1])
        note(
            "person",
            "erase",
            _Person(user.pk, {p.organisation_id for p in places}),
            actor,
            events=events,
            values=values,
            kept=kept,
            because=reason.strip(),
        )
    return Erased(events, values, kept)


def _forget_rows(user: User, email: str) -> None:
    # Whoever holds a copy of this address in an open invitation invited somebody else than they think.
    Invitation.objects.filter(email__iexact=email).update(email=f"{user.pk.hex[:12]}@erased.invalid")
    ApiToken.objects.filter(user=user).update(name=ERASED)
    for name in ("emailaddress_set", "socialaccount_set", "authenticator_set", "usersession_set"):
        rows = getattr(user, name, None)
        if rows is not None:
            rows.all().delete()
    user.name, user.email = ERASED, f"{user.pk.hex[:12]}@erased.invalid"
    user.is_active, user.session_epoch = False, user.session_epoch + 1
    user.set_unusable_password()
    user.save()
