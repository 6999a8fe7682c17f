"""Sending a package piece by piece, and asking again and again whether it may still be fetched."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID

from jobs.deliveries.facts import time_and_contract
from jobs.deliveries.models import Delivery
from jobs.deliveries.rules import contract_stands, no_duty_is_late, not_expired
from jobs.deliveries.services import cut
from kernel.actor import Actor, system
from kernel.decision import ALLOW, Decision, deny, worst_of
from trusts.organisations.models import OrganisationMember

log = logging.getLogger(__name__)
PIECE = 64 << 10
LOOK = 0.25  # Seconds between two looks: a download that may not go on stops within one second, on a busy machine too.


class CutOff(Exception):
    """The download may not go on. Raised into the web server, which closes the connection: what arrived is not the
    whole file, and says so by its length."""


def may_go_on(delivery_id: UUID, user_id: UUID | None, consumer_id: UUID) -> Decision:
    """Whether a download that has begun may go on: contract, duties, time, export and person, as they are now.

    The rules are those of the door, except how often it was fetched. Three queries, four where late duties count.
    """
    found = Delivery.objects.defer("receipt", "quality").select_related("agreement").get(pk=delivery_id)
    if found.state != "available":
        return deny("delivery.state", "The export was cut off or has expired")
    person = OrganisationMember.objects.filter(
        user_id=user_id, user__is_active=True, organisation_id=consumer_id, state="active"
    )
    own = ALLOW if person.exists() else deny("delivery.named", "The person no longer belongs to the receiver")
    known = time_and_contract(found)
    return worst_of([contract_stands(known), no_duty_is_late(known), not_expired(known), own])


def pieces(found: Delivery, content: BinaryIO, actor: Actor) -> Iterator[bytes]:
    """The package, as long as it may be fetched. Raises CutOff, and records it, when that ends.

    What cannot be asked counts as no: a database that does not answer ends the download too.
    """
    sent, looked = 0, time.monotonic()
    with content:
        while piece := content.read(PIECE):
            if time.monotonic() - looked >= LOOK:
                decision = may_go_on(found.pk, actor.user_id, found.consumer_id)
                looked = time.monotonic()
                if not decision.allowed:
                    cut(
                        found.pk,
                        actor=system("download guard", door=actor.door),
                        reason=decision.sentence,
                        sent=sent,
                    )
                    log.info("download of %s cut after %s bytes: %s", found.ref, sent, decision.sentence)
                    raise CutOff(decision.sentence)
            yield piece
            sent += len(piece)
