"""Votes and the deadline in the same second: whoever holds the row first wins, and the count is of exactly those who did."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.audit.models import Event
from tests import votes
from tests.cast import assemble
from tests.failures.test_races import split, together
from trusts.proposals import closing, services
from trusts.proposals.models import Proposal

pytestmark = pytest.mark.django_db(transaction=True)


def test_votes_and_the_deadline_at_once_close_it_once(transactional_db: None) -> None:
    cast = assemble()
    votes.voting(cast, kinds=("charter",))
    proposal = votes.proposed(cast)
    over = proposal.due + timedelta(seconds=1)
    actors = [cast.actor(name) for name in ("dana", "piotr", "ada")]
    done, _ = split(
        together(
            *[
                lambda a=a: services.vote(proposal.pk, actor=a, choice="for", reason="At once.")
                for a in actors
            ],
            *[lambda: closing.settle(proposal.pk, over)] * 2,
        )
    )
    assert done
    proposal = Proposal.objects.get(pk=proposal.pk)
    events = Event.objects.filter(subject_id=proposal.pk)
    assert proposal.state in ("adopted", "lapsed")
    assert events.filter(action__in=["adopt", "lapse", "reject", "fail"]).count() == 1
    assert (
        events.filter(action="vote").count() == proposal.result["members"]["voted"] == proposal.result["for"]
    )
    assert cast.trust.charters.filter(text=proposal.given["text"]).count() == (proposal.state == "adopted")
