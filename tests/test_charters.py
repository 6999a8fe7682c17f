"""A charter's limits bind: terms beyond them cannot be published until those whom it takes have agreed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from contracts.charters import selectors, services
from contracts.charters.models import Exemption, Vote
from contracts.negotiations import offers
from contracts.negotiations import services as negotiations
from kernel.audit.models import Event
from kernel.decision import Refused
from portal.inbox import items
from tests import votes, worlds
from tests.cast import Cast
from tests.scenes import why
from tests.test_access import BACKEND
from trusts.datasets.models import Dataset
from trusts.membership import services as membership
from trusts.membership.models import Trust
from trusts.proposals import closing
from trusts.proposals import services as proposals
from trusts.proposals.models import Proposal

pytestmark = pytest.mark.django_db
LIMITS: dict[str, Any] = {
    "limits": {"place": {"any_of": ["EEA"]}, "no_onward_transfer": {}, "exports": {"at_most": 5}, "security_level": {"at_least": 1}},
    "needs": {"exports": "second_person", "no_onward_transfer": "never", "security_level": "second_person"},
}  # fmt: skip
WIDE: dict[str, Any] = {
    "place": {"any_of": ["EU", "US"]},
    "exports": {"at_most": 6},
    "security_level": {"at_least": 2},
}


def limited(cast: Cast) -> Any:
    membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), rules=LIMITS)
    return worlds.registered(cast).dataset


def publish(cast: Cast, dataset: Any, **changes: Any) -> Any:
    return offers.publish(
        dataset.pk, actor=cast.actor("dana"), terms=worlds.terms(**changes), trust=cast.trust
    )


def test_terms_beyond_the_charter_wait_for_everybody_whom_it_takes(cast: Cast) -> None:
    dataset = limited(cast)
    with pytest.raises(Refused) as caught:
        publish(cast, dataset, **WIDE)
    assert {r.code for r in caught.value.decision.reasons} == {"charter.place", "charter.exports"}
    assert all("charter, version 2" in r.source and r.remedy for r in caught.value.decision.reasons)

    asked = services.ask(actor=cast.actor("dana"), dataset=dataset, trust=cast.trust, terms=worlds.terms(**WIDE), why="A partner abroad.")  # fmt: skip
    again = services.ask(actor=cast.actor("dana"), dataset=dataset, trust=cast.trust, terms=worlds.terms(**WIDE), why="Once more, please.")  # fmt: skip
    assert asked == again
    assert [str(i.subject.pk) for i in items(cast.actor("rui")) if i.verb == "Decide on the exception"] == [str(asked.pk)]  # fmt: skip
    assert [str(i.subject.pk) for i in items(cast.actor("ada")) if i.verb == "Decide on the exception"] == [str(asked.pk)]  # fmt: skip
    with pytest.raises(Refused, match="You asked"):
        services.agree(asked.pk, actor=cast.actor("dana"), reason="I agree with myself.")
    with pytest.raises(Refused):
        services.agree(asked.pk, actor=cast.actor("ada"), reason="I am no second person of theirs.")
    assert services.agree(asked.pk, actor=cast.actor("rui"), reason="Checked it.").state == "asked"
    with pytest.raises(Refused):
        publish(cast, dataset, **WIDE)
    assert (
        services.agree_trustee(asked.pk, actor=cast.actor("ada"), reason="Fine for once.").state == "granted"
    )

    assert publish(cast, dataset, **WIDE).state == "published"
    # Exactly these terms, and no wider ones.
    with pytest.raises(Refused):
        publish(cast, dataset, **{**WIDE, "exports": {"at_most": 7}})
    actions = list(
        Event.objects.filter(subject_id=asked.pk).order_by("subject_version").values_list("action", flat=True)
    )
    assert actions == ["ask", "agree", "agree_trustee", "grant"]


def test_what_the_charter_never_allows_cannot_be_asked_for(cast: Cast) -> None:
    dataset = limited(cast)
    terms = worlds.terms(no_onward_transfer=None)
    with pytest.raises(Refused) as caught:
        services.ask(actor=cast.actor("dana"), dataset=dataset, trust=cast.trust, terms=terms, why="We want to sell it.")  # fmt: skip
    assert [r.code for r in caught.value.decision.reasons] == ["charter.no_onward_transfer", "charter.security_level"][:1]  # fmt: skip
    with pytest.raises(Refused, match="within the charter"):
        services.ask(actor=cast.actor("dana"), dataset=dataset, trust=cast.trust, terms=worlds.terms(security_level={"at_least": 3}), why="Just to be safe.")  # fmt: skip


def test_a_refusal_reaches_the_provider_and_strangers_learn_nothing(cast: Cast) -> None:
    dataset = limited(cast)
    asked = services.ask(actor=cast.actor("dana"), dataset=dataset, trust=cast.trust, terms=worlds.terms(**WIDE), why="A partner abroad.")  # fmt: skip
    services.refuse(asked.pk, actor=cast.actor("ada"), reason="Not to the US.")
    for name, seen in (("dana", True), ("rui", True), ("ada", True), ("piotr", False), ("olga", False)):
        assert selectors.exemptions(cast.actor(name)).filter(pk=asked.pk).exists() is seen, name
    client = Client()
    client.force_login(cast.users["dana"], backend=BACKEND)
    page = client.get(asked.get_absolute_url()).content.decode()
    assert "Not to the US." in page and "United States" in page and "What it takes" in page
    # What was granted or refused for one set of terms stays what it was.
    with pytest.raises(Exception, match="never changes"):
        Exemption.objects.filter(pk=asked.pk).update(terms={})


def test_a_trustee_writes_the_limits_in_the_browser(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.users["ada"], backend=BACKEND)
    url = f"/trusts/{cast.trust.slug}/rules/"
    assert client.get(url).status_code == 200
    form = {
        "use__place": "on", "place__any_of": ["EEA"], "needs__place": "never", "longest_days": "200", "needs__period": "second_person",
        "pseudonyms": "on", "clauses": "quarterly-call; must; join the quarterly call; am Quartalsgespräch teilnehmen", "seen": "",
    }  # fmt: skip
    assert client.post(url, form).status_code == 302
    number, rules = selectors.rules_of(cast.trust)
    assert number == 2 and cast.trust.charters.first().text == "Members share to learn."
    assert rules == {
        "limits": {"place": {"any_of": ["EEA"]}}, "needs": {"place": "never", "period": "second_person"}, "longest_days": 200,
        "pseudonyms": True,
        "clauses": [{"code": "quarterly-call", "mood": "must", "en": "join the quarterly call", "de": "am Quartalsgespräch teilnehmen"}],
    }  # fmt: skip
    shown = client.get(url).content.decode()
    assert "A contract runs for at most 200 days." in shown and "join the quarterly call" in shown
    bad = client.post(url, {**form, "clauses": "quarterly call; ought; sing"})
    assert bad.status_code == 409 and "has no code" in bad.content.decode()
    other = Client()
    other.force_login(cast.users["dana"], backend=BACKEND)
    assert "Save as a new version" not in other.get(url).content.decode()
    assert other.post(url, form).status_code == 403


def by_vote(cast: Cast) -> Dataset:
    """The charter lets nobody go out of the EEA but by the members' vote."""
    rules = {"limits": {"place": {"any_of": ["EEA"]}}, "needs": {"place": "vote"}}
    governance = {"votes": {"voters": votes.ALL, "kinds": {"exception": {"majority": "all"}}}}
    membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), rules=rules, governance=governance)
    cast.trust = Trust.objects.get(pk=cast.trust.pk)
    return worlds.registered(cast).dataset


def asked(cast: Cast, dataset: Dataset, **more: Any) -> tuple[Exemption, Proposal]:
    terms = worlds.terms(place={"any_of": ["US"]}, **more)
    made = services.ask(
        actor=cast.actor("dana"), dataset=dataset, trust=cast.trust, terms=terms, why="A partner abroad."
    )
    assert made.proposal is not None
    return made, made.proposal


def now(exemption: Exemption) -> str:
    exemption.refresh_from_db()
    return exemption.state


def test_the_members_vote_on_an_exception_as_on_everything_else(cast: Cast) -> None:
    dataset = by_vote(cast)
    first, vote = asked(cast, dataset)
    assert vote.kind == "exception" and vote.majority == "all" and "Flights 2013" in vote.title()
    assert [i.verb for i in items(cast.actor("piotr"))] == ["Vote"] and not items(cast.actor("dana"))
    assert why(lambda: votes.vote(cast, vote, dana="for")) == {"proposal.concerned"}
    assert votes.vote(cast, vote, ada="for").state == "open" and now(first) == "asked"
    assert votes.vote(cast, vote, piotr="for").state == "adopted" and now(first) == "granted"
    terms = worlds.terms(place={"any_of": ["US"]})
    assert (
        offers.publish(dataset.pk, actor=cast.actor("dana"), terms=terms, trust=cast.trust).state
        == "published"
    )

    second, vote = asked(cast, dataset, exports={"at_most": 2})
    assert votes.vote(cast, vote, piotr="against").state == "rejected" and now(second) == "refused"
    third, vote = asked(cast, dataset, exports={"at_most": 1})
    closing.close_due(vote.due)
    assert now(third) == "refused" and Proposal.objects.get(pk=vote.pk).state == "lapsed"
    fourth, vote = asked(cast, dataset, exports={"at_most": 4})
    services.withdraw(fourth.pk, actor=cast.actor("dana"))
    assert now(fourth) == "withdrawn" and Proposal.objects.get(pk=vote.pk).state == "withdrawn"
    pages = Client()
    pages.force_login(cast.users["piotr"], backend=BACKEND)
    assert fourth.get_absolute_url() in pages.get(vote.get_absolute_url()).content.decode()
    assert vote.get_absolute_url() in pages.get(fourth.get_absolute_url()).content.decode()


def test_both_parties_of_the_contract_are_recused(cast: Cast) -> None:
    """Asked for from the page of a negotiation: its partner has no vote either, and nobody can leave that out."""
    dataset = worlds.offered(cast)
    rules = {"limits": {"place": {"any_of": ["EEA"]}}, "needs": {"place": "vote"}}
    governance = {"votes": {"voters": votes.ALL}}
    membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), rules=rules, governance=governance)
    wide = worlds.terms(place={"any_of": ["US"]})
    negotiation = negotiations.ask(actor=cast.actor("piotr"), dataset=dataset, terms=wide, note="May we?")
    client = Client()
    client.force_login(cast.users["dana"], backend=BACKEND)
    page = client.get(negotiation.get_absolute_url()).content.decode()
    assert f'name="negotiation" value="{negotiation.pk}"' in page
    given = {
        "dataset": negotiation.dataset.slug,
        "trust": cast.trust.slug,
        "terms": json.dumps(wide),
        "why": "A partner abroad.",
    }
    for named in (str(negotiation.pk), ""):
        assert client.post("/exemptions/new/", {**given, "negotiation": named}).status_code == 302
        vote = Proposal.objects.latest("created")
        for name in ("dana", "piotr"):
            assert why(lambda name=name, vote=vote: votes.vote(cast, vote, **{name: "for"})) == {
                "proposal.concerned"
            }
        exemption = Exemption.objects.get(proposal=vote)
        services.withdraw(exemption.pk, actor=cast.actor("dana"))
    # A charter that leaves exceptions to the trustees: then one of them agrees, and there is no vote.
    kinds = {"kinds": {"exception": {"by": "trustee"}}}
    membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), governance={"votes": kinds})
    trust = Trust.objects.get(pk=cast.trust.pk)
    made = services.ask(
        actor=cast.actor("dana"),
        dataset=negotiation.dataset,
        trust=trust,
        terms=wide,
        why="A partner abroad.",
    )
    assert made.takes_trustee and not made.takes_vote
    assert services.agree_trustee(made.pk, actor=cast.actor("ada"), reason="For once.").state == "granted"


def test_what_was_asked_before_is_put_to_the_vote_by_a_button(cast: Cast) -> None:
    """From when exceptions had votes of their own: those are shown, and the members vote on a proposal."""
    made, vote = asked(cast, by_vote(cast))
    Exemption.objects.filter(pk=made.pk).update(proposal=None)
    vote.delete()
    Vote.objects.create(exemption=made, organisation=cast.organisations["meridian"], agrees=True)
    with pytest.raises(Exception, match="never changes"), transaction.atomic():
        Vote.objects.update(agrees=False)
    client = Client()
    client.force_login(cast.users["dana"], backend=BACKEND)
    assert "Meridian Insurance for" in client.get(made.get_absolute_url()).content.decode()
    assert client.post(f"/do/exemption/{made.pk}/put_to_vote/").status_code == 302
    assert why(lambda: services.put_to_vote(made.pk, actor=cast.actor("dana"))) == {"exemption.voted"}
    vote = Proposal.objects.get(kind="exception")
    assert votes.vote(cast, vote, ada="for", piotr="for").state == "adopted" and now(made) == "granted"
    again = {
        "actor": cast.actor("ada"),
        "trust": cast.trust,
        "kind": "exception",
        "why": "Once more, please.",
    }
    assert why(lambda: proposals.propose(**again, given={"exemption": str(made.pk)})) == {
        "proposal.exception"
    }


def test_an_exception_is_asked_of_the_trust_that_was_chosen_last(cast: Cast) -> None:
    """The page opens for one trust; the check beside the terms follows the choice, and so does what its button sends."""
    dataset = worlds.registered(cast).dataset
    strict = membership.found(actor=cast.actor("dana"), name="A strict room", kind="alliance", purpose="x", charter="x",
                              rules={"limits": {"exports": {"at_most": 1}}, "needs": {"exports": "second_person"}})  # fmt: skip
    client = Client()
    client.force_login(cast.users["dana"], backend=BACKEND)
    path = f"/datasets/{dataset.slug}/offer/new/"
    typed = {
        "use__exports": "on",
        "exports__at_most": "9",
        "use__purpose": "on",
        "purpose__any_of": "research",
        "use__period": "on",
        "period__from": "2027-01-01",
        "period__until": "2027-06-30",
        "period__zone": "Europe/Berlin",
    }
    for trust, asks in ((strict, True), (cast.trust, False)):
        beside = client.post(
            path, {**typed, "trust": str(trust.pk)}, headers={"HX-Request": "true"}
        ).content.decode()
        assert (f'<input form="exempt" type="hidden" name="trust" value="{trust.slug}">' in beside) == asks
    whole = client.post(path, {**typed, "trust": str(strict.pk), "publish": "1"}).content.decode()
    assert whole.count('name="trust" value="') == 1
