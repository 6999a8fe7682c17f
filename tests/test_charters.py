"""A charter's limits bind: terms beyond them cannot be published until those whom it takes have agreed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from contracts.charters import selectors, services
from contracts.charters.models import Exemption
from contracts.negotiations import offers
from kernel.audit.models import Event
from kernel.decision import Refused
from portal.inbox import items
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND
from trusts.membership import services as membership

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


def test_the_other_members_vote_and_the_provider_does_not(cast: Cast) -> None:
    rules = {"limits": {"place": {"any_of": ["EEA"]}}, "needs": {"place": "vote"}}
    membership.change_charter(cast.trust.pk, actor=cast.actor("ada"), rules=rules)
    dataset = worlds.registered(cast).dataset

    def asked(**changes: Any) -> Exemption:
        terms = worlds.terms(place={"any_of": ["US"]}, **changes)
        return services.ask(
            actor=cast.actor("dana"), dataset=dataset, trust=cast.trust, terms=terms, why="A partner abroad."
        )

    first = asked()
    assert [i.verb for i in items(cast.actor("piotr"))] == ["Decide on the exception"]
    with pytest.raises(Refused):
        services.vote_for(first.pk, actor=cast.actor("dana"), reason="We are all for it.")
    with pytest.raises(Refused):
        services.vote_for(first.pk, actor=cast.actor("sam"), reason="An analyst has no vote.")
    assert services.vote_for(first.pk, actor=cast.actor("ada"), reason="It is needed.").state == "asked"
    with pytest.raises(Refused, match="has voted"):
        services.vote_against(first.pk, actor=cast.actor("ada"), reason="On second thoughts, no.")
    assert services.vote_for(first.pk, actor=cast.actor("piotr"), reason="It is needed.").state == "granted"
    second = asked(exports={"at_most": 2})
    assert (
        services.vote_against(second.pk, actor=cast.actor("piotr"), reason="Not again, please.").state
        == "refused"
    )
    assert not items(cast.actor("ada"))
