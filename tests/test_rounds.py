"""Rounds of a negotiation: who moved first, who may know what, joint contracts, successions, rules, reminders."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from contracts.negotiations import agreements, automatic, deadlines, notes, succession
from contracts.negotiations.counter_form import both_moved, onto
from contracts.negotiations.models import Agreement, Message, Negotiation, RuleAnswer
from contracts.sharing import services as sharing
from kernel import outbox
from kernel.audit.models import Event
from kernel.decision import Refused
from kernel.transition import Stale
from portal import notify
from portal.inbox import items
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND
from tests.worlds import negotiations
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset
from trusts.membership import services as membership

pytestmark = pytest.mark.django_db


def client(cast: Cast, name: str) -> Client:
    found = Client()
    found.force_login(cast.users[name], backend=BACKEND)
    return found


def shown(negotiation: Negotiation) -> str:
    newest = negotiation.proposals.order_by("-number").first()
    assert newest is not None
    return newest.policy_hash


def page(cast: Cast, name: str, path: str, **asked: str) -> str:
    answer = client(cast, name).get(path, asked)
    assert answer.status_code == 200, path
    return answer.content.decode()


# ---------------------------------------------------------------------------------------------- the other moved first


def counter_page(negotiation: Negotiation, **typed: Any) -> dict[str, Any]:
    """What a browser posts that keeps all clauses but those `typed`: clause → fields."""
    terms = negotiation.proposals.get(number=negotiation.rounds).terms
    post: dict[str, Any] = {f"do__{code}": "keep" for code in terms}
    for code, fields in typed.items():
        post[f"do__{code}"] = "change"
        post |= {f"{code}__{key}": value for key, value in fields.items()}
    return {**post, "answers": str(negotiation.rounds), "note": "Typed with care"}


def test_what_was_typed_is_kept_when_the_other_moved_first_and_goes_onto_theirs(cast: Cast) -> None:
    asked = worlds.asked(cast)
    offered = negotiations.make_offer(
        asked.pk, actor=cast.actor("dana"), terms=worlds.terms(exports={"at_most": 2})
    )
    post = counter_page(offered, exports={"at_most": "5"})
    # Two more turns go over the table before it is sent.
    negotiations.counter(asked.pk, actor=cast.actor("piotr"), terms=worlds.terms(exports={"at_most": 4}))
    theirs = worlds.terms(exports={"at_most": 3}, delete_within={"days": 10})
    negotiations.make_offer(asked.pk, actor=cast.actor("dana"), terms=theirs, note="Sooner gone.")
    piotr, path = client(cast, "piotr"), f"/negotiations/{asked.pk}/counter/"
    answer = piotr.post(path, {**post, "publish": "1"})
    body = answer.content.decode()
    assert answer.status_code == 409
    for text in ("They moved first.", "Sooner gone.", "Typed with care", "within 10 days", "Apply mine onto theirs",
                 "You both changed Number of exports"):  # fmt: skip
        assert text in body, text
    assert Negotiation.objects.get(pk=asked.pk).rounds == 4, "nothing was sent"
    body = piotr.post(path, {**post, "rebase": "1"}).content.decode()
    assert "Nothing is sent yet" in body
    assert "Typed with care" in body
    assert 'name="exports__at_most" value="5"' in body
    again = {
        **counter_page(Negotiation.objects.get(pk=asked.pk), exports={"at_most": "5"}),
        "publish": "1",
        "reply_days": "9",
    }
    assert piotr.post(path, again).status_code == 302
    newest = asked.proposals.get(number=5)
    assert newest.terms == {**newest.terms, "exports": {"at_most": 5}, "delete_within": {"days": 10}}
    asked.refresh_from_db()
    assert timedelta(days=8) < asked.due - timezone.now() < timedelta(days=9)
    # A comment is no turn: whoever writes meanwhile is not held up by it.
    negotiations.comment(asked.pk, actor=cast.actor("piotr"), text="By the way", clause="exports")
    answer = client(cast, "dana").post(
        path, {**counter_page(asked), "do__attribution": "remove", "publish": "1"}
    )
    assert answer.status_code == 302
    assert "attribution" not in asked.proposals.get(number=6).terms


def test_typed_text_survives_a_turn_that_is_over(cast: Cast) -> None:
    asked = worlds.asked(cast)
    post = counter_page(asked, exports={"at_most": "7"})
    negotiations.withdraw(asked.pk, actor=cast.actor("piotr"), reason="We found another way.")
    answer = client(cast, "dana").post(f"/negotiations/{asked.pk}/counter/", {**post, "publish": "1"})
    assert answer.status_code == 409
    body = answer.content.decode()
    assert "What you typed is kept" in body
    assert "Typed with care" in body
    assert 'value="7"' in body


def test_mine_onto_theirs_keeps_what_only_they_changed() -> None:
    base = {"exports": {"at_most": 1}, "attribution": {"text": "Hudson"}, "delete_within": {"days": 30}}
    mine = {"exports": {"at_most": 5}, "delete_within": {"days": 30}}
    theirs = {
        "exports": {"at_most": 1},
        "attribution": {"text": "Hudson"},
        "delete_within": {"days": 9},
        "watermark": {},
    }
    assert onto(theirs, base, mine) == {
        "exports": {"at_most": 5},
        "delete_within": {"days": 9},
        "watermark": {},
    }
    assert both_moved(theirs, base, mine) == []
    assert onto(base, base, mine) == mine
    assert onto(theirs, base, base) == {k: theirs[k] for k in theirs}


def test_an_answer_to_an_older_turn_is_stale_for_programs_too(cast: Cast) -> None:
    asked = worlds.asked(cast)
    negotiations.make_offer(asked.pk, actor=cast.actor("dana"), terms=worlds.terms(), answers=1)
    negotiations.counter(asked.pk, actor=cast.actor("piotr"), terms=worlds.terms(exports={"at_most": 9}))
    with pytest.raises(Stale):
        negotiations.make_offer(asked.pk, actor=cast.actor("dana"), terms=worlds.terms(), answers=1)
    with pytest.raises(Refused, match="91 days"):
        negotiations.make_offer(asked.pk, actor=cast.actor("dana"), terms=worlds.terms(), reply_days=91)


# --------------------------------------------------------------------------------------------------- care, notes, remarks


def test_a_term_that_needs_care_is_confirmed_before_it_binds(cast: Cast) -> None:
    asked = worlds.asked(cast, no_onward_transfer=None, exports={"at_most": 2})
    dana = client(cast, "dana")
    body = dana.get(f"/negotiations/{asked.pk}/").content.decode()
    assert 'name="confirmed" id="care-no_onward_transfer" value="no_onward_transfer" required' in body
    assert "needs care" in body
    sent = {"policy_hash": shown(asked), "seen": asked.version}
    answer = dana.post(f"/do/negotiation/{asked.pk}/accept_request/", sent)
    assert answer.status_code == 409
    assert "Not confirmed yet: No onward transfer" in answer.content.decode()
    assert not Agreement.objects.exists()
    assert (
        dana.post(
            f"/do/negotiation/{asked.pk}/accept_request/", {**sent, "confirmed": "no_onward_transfer"}
        ).status_code
        == 302
    )
    event = Event.objects.get(machine="negotiation", action="accept_request", detail__has_key="confirmed")
    assert event.detail["confirmed"] == ["no_onward_transfer"]


def test_private_notes_stay_private(cast: Cast) -> None:
    asked = worlds.asked(cast)
    secret = "Our ceiling is eleven exports."
    dana = client(cast, "dana")
    assert dana.post(f"/negotiations/{asked.pk}/notes/", {"text": secret}).status_code == 302
    note = notes.notes(cast.actor("dana")).get()
    assert secret in page(cast, "rui", f"/negotiations/{asked.pk}/")
    piotr = client(cast, "piotr")
    for path in (f"/negotiations/{asked.pk}/", f"/negotiations/{asked.pk}/?tab=history", "/negotiations/?format=csv", "/search/?q=ceiling",
                 "/inbox/", "/audit/", "/audit/export.jsonl", "/audit/export.csv", f"/api/v1/negotiations/{asked.pk}"):  # fmt: skip
        answer = piotr.get(path)
        text = b"".join(answer) if answer.streaming else answer.content
        assert (
            b"eleven" not in text and str(note.pk).encode() not in text and note.ref.encode() not in text
        ), path
    assert piotr.get(f"/do/note/{note.pk}/strike/").status_code == 404
    about = Event.objects.filter(subject_id=note.pk)
    assert {str(p.organisation_id) for e in about for p in e.party_rows.all()} == {
        str(cast.organisations["hudson"].pk)
    }
    assert not any("eleven" in str(event.detail) for event in about)
    with pytest.raises(Refused, match="no party"):
        notes.keep(actor=cast.actor("olga"), negotiation=asked, text="We listen in.")
    notes.strike(note.pk, actor=cast.actor("rui"))
    assert secret not in page(cast, "dana", f"/negotiations/{asked.pk}/")


def test_comments_stand_beside_their_clause_and_are_counted(cast: Cast) -> None:
    asked = worlds.asked(cast, exports={"at_most": 9})
    for text in ("Why nine?", "Eight would do."):
        negotiations.comment(asked.pk, actor=cast.actor("dana"), text=text, clause="exports")
    body = page(cast, "piotr", f"/negotiations/{asked.pk}/")
    row = body[body.index('id="term-exports"') :]
    assert "2 comments" in row[: row.index("</tr>")]
    assert "Why nine?" in row[: row.index("</table>")]
    assert "about Number of exports" in body, "and in the thread, by the clause's name"


# ----------------------------------------------------------------------------------------------------- several consumers


def three(cast: Cast, **changes: Any) -> Negotiation:
    """Hudson offers one text to Meridian and the weather office."""
    dataset = worlds.offered(cast)
    return negotiations.offer_to(
        actor=cast.actor("dana"), dataset=dataset, consumer=cast.organisations["meridian"],
        others=[cast.organisations["weather"], cast.organisations["meridian"]], terms=worlds.terms(**changes),
    )  # fmt: skip


def test_a_joint_contract_binds_when_the_last_has_accepted(cast: Cast) -> None:
    table = three(cast)
    piotr, ada, dana = (cast.actor(n) for n in ("piotr", "ada", "dana"))
    assert table.seats == 2
    waits = negotiations.accept(table.pk, actor=piotr, policy_hash=shown(table))
    assert isinstance(waits, Negotiation) and waits.state == "offered"
    assert not Agreement.objects.exists()
    for name in ("dana", "piotr", "ada"):
        body = page(cast, name, f"/negotiations/{table.pk}/")
        assert "Piotr Nowak" in body and "has not answered" in body
    assert [i.subject.pk for i in items(ada) if i.machine.name == "negotiation"] == [table.pk]
    assert not [i for i in items(piotr) if i.machine.name == "negotiation"], (
        "who accepted waits for the others"
    )
    with pytest.raises(Refused, match="has accepted these terms"):
        negotiations.accept(table.pk, actor=piotr, policy_hash=shown(table))
    # A counter-offer asks everyone again.
    negotiations.counter(table.pk, actor=ada, terms=worlds.terms(exports={"at_most": 2}))
    assert {p.organisation.name: p.answer for p in table.participants.all()} == {
        "Meridian Insurance": "open", "Tri-State Weather Office": "accepted",
    }  # fmt: skip
    table.refresh_from_db()
    still = negotiations.accept_request(table.pk, actor=dana, policy_hash=shown(table))
    assert still.state == "offered", "the provider agrees; Meridian has not seen it"
    done = negotiations.accept(table.pk, actor=piotr, policy_hash=shown(table))
    assert isinstance(done, Agreement)
    made = {a.consumer.name: a for a in Agreement.objects.filter(negotiation=table)}
    assert set(made) == {"Meridian Insurance", "Tri-State Weather Office"}
    assert done == made["Meridian Insurance"]
    for name, agreement in made.items():
        assert agreement.payload["consumer"]["name"] == name
        assert [p["name"] for p in agreement.payload["parties"]] == [
            "Hudson Carriers",
            "Meridian Insurance",
            "Tri-State Weather Office",
        ]
        assert agreement.payload["proposal"]["policy_hash"] == shown(table), "one text for all"
        assert agreement.terms == done.terms
    assert made["Tri-State Weather Office"].payload["accepted"]["by"] == "Ada Lind"
    # Each has its own contract, and knows of no other's.
    assert client(cast, "ada").get(f"/contracts/{done.pk}/").status_code == 404
    assert client(cast, "piotr").get(f"/contracts/{done.pk}/").status_code == 200
    assert client(cast, "olga").get(f"/negotiations/{table.pk}/").status_code == 404


def test_one_refusal_ends_a_joint_contract_for_all(cast: Cast) -> None:
    table = three(cast)
    negotiations.accept(table.pk, actor=cast.actor("piotr"), policy_hash=shown(table))
    negotiations.decline(table.pk, actor=cast.actor("ada"), reason="Not in our interest.")
    table.refresh_from_db()
    assert table.state == "rejected"
    assert not Agreement.objects.exists()
    assert "Not in our interest." in page(cast, "piotr", f"/negotiations/{table.pk}/")
    mail.outbox.clear()
    assert notify.send("negotiation.ended", {"id": str(table.pk)}) == 3


# --------------------------------------------------------------------------------------------------- change and renewal


def test_an_amendment_takes_the_place_of_the_contract_with_what_is_open(cast: Cast) -> None:
    old = worlds.agreed(cast)
    done = worlds.delivered(cast, old)
    waiting = worlds.submitted(cast, old)
    draft = worlds.drafted(cast, old)
    piotr, dana = cast.actor("piotr"), cast.actor("dana")
    talk = negotiations.succeed(
        old.pk, actor=piotr, kind="amendment", terms={**old.terms, "exports": {"at_most": 5}}
    )
    with pytest.raises(Refused, match="being negotiated"):
        negotiations.succeed(old.pk, actor=dana, kind="renewal", terms=old.terms)
    old.refresh_from_db()
    assert old.state == "in_force", "it stands until the new one is concluded"
    assert old.ref in page(cast, "dana", f"/negotiations/{talk.pk}/")
    new = negotiations.accept_request(talk.pk, actor=dana, policy_hash=shown(talk))
    for one in (old, waiting, draft, new):
        one.refresh_from_db()
    assert (old.state, old.ended_because) == ("ended", f"Replaced by contract {new.ref}.")
    assert new.exports_used == old.exports_used == 1
    assert new.version_of_data_id == old.version_of_data_id
    assert new.sealed_key == old.sealed_key, "the same pseudonyms"
    assert new.payload["replaces"]["agreement"] == old.iri
    assert (waiting.agreement_id, waiting.state) == (new.pk, "returned"), "it was read under other terms"
    assert (draft.agreement_id, draft.state) == (new.pk, "draft")
    assert not old.duties.exists(), "nothing to delete yet: the contract goes on"
    delivery = done.deliveries.get()
    assert client(cast, "piotr").post(f"/deliveries/{delivery.pk}/download/").status_code == 200
    for where, what in ((old, new.ref), (new, old.ref)):
        assert what in page(cast, "piotr", f"/contracts/{where.pk}/")
    with pytest.raises(Refused):
        sharing.draft(
            actor=piotr, agreement=old, people=[piotr.user_id], **worlds.ANSWERS
        ) and sharing.submit(sharing.Request.objects.filter(agreement=old).latest("created").pk, actor=piotr)
    # When what followed ends, the copies made before it must go too.
    agreements.terminate(new.pk, actor=dana, reason="We stop here.")
    assert new.duties.get().clause == "delete_within"
    assert client(cast, "piotr").post(f"/deliveries/{delivery.pk}/download/").status_code != 200


def test_an_amendment_of_a_contract_that_ended_meanwhile_cannot_be_accepted(cast: Cast) -> None:
    old = worlds.agreed(cast)
    talk = negotiations.succeed(old.pk, actor=cast.actor("dana"), kind="amendment", terms=old.terms)
    assert talk.state == "offered"
    agreements.terminate(old.pk, actor=cast.actor("piotr"), reason="No longer needed.")
    with pytest.raises(Refused, match="has ended"):
        negotiations.accept(talk.pk, actor=cast.actor("piotr"), policy_hash=shown(talk))
    assert Agreement.objects.count() == 1


def test_a_renewal_follows_on_the_last_day_and_may_take_the_newest_version(cast: Cast) -> None:
    old = worlds.agreed(cast)
    old_version = old.version_of_data
    datasets.add_version(old.dataset_id, actor=cast.actor("dana"), file=worlds.upload(
        worlds.CSV.replace(b",note", b",remark"), "flights.csv"))  # fmt: skip
    worlds.drain()
    body = page(cast, "piotr", f"/contracts/{old.pk}/renew/")
    assert "version 2 is the newest" in body and "remark" in body
    terms = succession.start_terms(old, "renewal")
    talk = negotiations.succeed(old.pk, actor=cast.actor("piotr"), kind="renewal", terms=terms, newest=True)
    assert "instead of 1" in page(cast, "dana", f"/negotiations/{talk.pk}/")
    new = negotiations.accept_request(talk.pk, actor=cast.actor("dana"), policy_hash=shown(talk))
    old.refresh_from_db()
    assert old.state == "in_force" and new.starts == old.ends, "no gap and no overlap"
    assert new.version_of_data.number == 2 and old_version.number == 1
    assert succession.replace_due(timezone.now()) == 0
    Agreement.objects.filter(pk=old.pk).update(exports_used=1)
    assert succession.replace_due(new.starts) == 1
    old.refresh_from_db()
    assert old.state == "ended" and not old.duties.exists()
    assert agreements.end_due(new.starts) == 0
    new.refresh_from_db()
    assert new.exports_used == 0, "a new period counts anew"


# ---------------------------------------------------------------------------------------------------------- by rule


def ruled(cast: Cast, **rule: Any) -> Dataset:
    dataset = worlds.offered(cast)
    given: dict[str, Any] = {"name": "accept narrower", "accepts": True, **rule}
    automatic.lay_down(actor=cast.actor("dana"), offer=dataset.offers.get(state="published"), **given)
    return dataset


def ask(cast: Cast, dataset: Dataset, **changes: Any) -> Negotiation:
    found = negotiations.ask(actor=cast.actor("piotr"), dataset=dataset, terms=worlds.terms(**changes))
    outbox.dispatch()
    outbox.dispatch()
    found.refresh_from_db()
    return found


def test_a_rule_accepts_what_is_not_wider_and_is_named(cast: Cast) -> None:
    dataset = ruled(
        cast, refuses={"exports": 50, "places": ["EEA"], "days": 400, "purposes": ["research", "statistics"]}
    )
    narrower = ask(cast, dataset, exports={"at_most": 1}, no_ai_training={})
    assert narrower.state == "finalized"
    name = "Rule “accept narrower” of Hudson Carriers"
    agreement = narrower.agreements.get()
    assert agreement.payload["accepted"]["by"] == name
    assert Event.objects.get(subject_id=narrower.pk, action="accept_by_rule").actor_name == name
    assert name in page(cast, "piotr", f"/negotiations/{narrower.pk}/")
    wider = ask(cast, dataset, exports={"at_most": 9})
    assert wider.state == "requested", "a person answers"
    assert "left this to a person" in page(cast, "dana", f"/negotiations/{wider.pk}/")
    assert "left this to a person" not in page(cast, "piotr", f"/negotiations/{wider.pk}/")
    automatic.on_turn({"id": str(wider.pk)})
    assert RuleAnswer.objects.filter(proposal__negotiation=wider).count() == 1, "once a turn"
    # After the provider's own turn it is that turn which stands.
    negotiations.make_offer(wider.pk, actor=cast.actor("dana"), terms=worlds.terms(exports={"at_most": 6}))
    outbox.dispatch()
    assert Negotiation.objects.get(pk=wider.pk).state == "offered", "never answers its own side"
    negotiations.counter(wider.pk, actor=cast.actor("piotr"), terms=worlds.terms(exports={"at_most": 6}))
    outbox.dispatch()
    assert Negotiation.objects.get(pk=wider.pk).state == "finalized"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"purpose": {"any_of": ["ai_training"]}}, "is outside research"),
        ({"place": {"any_of": ["US"]}}, "is outside"),
        ({"place": None}, "No place is named"),
        ({"exports": None}, "is not limited"),
        ({"exports": {"at_most": 60}}, "60 exports are asked for; the most is 50."),
    ],
)
def test_a_rule_rejects_with_its_reasons(cast: Cast, changes: dict[str, Any], says: str) -> None:
    dataset = ruled(cast, refuses={"exports": 50, "places": ["EEA"], "purposes": ["research", "statistics"]})
    found = ask(cast, dataset, **changes)
    assert found.state == "rejected"
    assert says in found.ended_because
    assert found.ended_because.startswith("Rule “accept narrower” of Hudson Carriers: ")
    assert Message.objects.filter(negotiation=found, said_by__startswith="Rule").exists()


def test_a_rule_keeps_still_when_it_must(cast: Cast) -> None:
    dataset = ruled(cast)
    offer = dataset.offers.get(state="published")
    strange = {"parts": [{"at": "permission", "node": {"action": "ex:teleport"}}]}
    assert ask(cast, dataset, unexplained=strange).state == "requested", (
        "what nobody can explain waits for a person"
    )
    rule = automatic.rules(cast.actor("dana")).get()
    assert not automatic.rules(cast.actor("piotr")).exists(), "what a provider would accept is its own affair"
    assert "Answers by rule" not in page(cast, "piotr", f"/offers/{offer.pk}/")
    assert "Answers by rule" in page(cast, "dana", f"/offers/{offer.pk}/")
    automatic.switch_off(rule.pk, actor=cast.actor("dana"))
    assert ask(cast, dataset, exports={"at_most": 1}).state == "requested"
    automatic.switch_on(rule.pk, actor=cast.actor("dana"))
    worlds.offers.pause(offer.pk, actor=cast.actor("dana"))
    talk = negotiations.ask(actor=cast.actor("piotr"), dataset=dataset, terms=worlds.terms())
    outbox.dispatch()
    talk.refresh_from_db()
    assert talk.state == "requested"
    answer = client(cast, "dana").post(f"/offers/{offer.pk}/rule/", {"name": "x y z"})
    assert answer.status_code == 409 and "would never answer" in answer.content.decode()


def test_beyond_the_charter_nobody_is_bound_by_accident(cast: Cast) -> None:
    """The provider cannot send it, a rule leaves it to a person, and accepting it is refused until it is granted."""
    dataset = ruled(cast, refuses={"exports": 90})
    membership.change_charter(
        cast.trust.pk, actor=cast.actor("ada"), rules={"limits": {"exports": {"at_most": 5}}}
    )
    wide = {"exports": {"at_most": 6}}
    found = ask(cast, dataset, **wide)
    assert found.state == "requested"
    assert "at most 5 exports" in " ".join(RuleAnswer.objects.get().because)
    for name in ("dana", "piotr"):
        assert "the charter says “receive at most 5 exports”" in page(
            cast, name, f"/negotiations/{found.pk}/"
        )
    with pytest.raises(Refused, match="the charter says"):
        negotiations.accept_request(found.pk, actor=cast.actor("dana"), policy_hash=shown(found))
    with pytest.raises(Refused, match="the charter says"):
        negotiations.make_offer(
            found.pk, actor=cast.actor("dana"), terms=worlds.terms(exports={"at_most": 7})
        )
    asked = worlds.charters.ask(
        actor=cast.actor("dana"), dataset=dataset, trust=cast.trust, terms=worlds.terms(**wide), why="Once."
    )
    worlds.charters.agree_trustee(asked.pk, actor=cast.actor("ada"))
    assert isinstance(
        negotiations.accept_request(found.pk, actor=cast.actor("dana"), policy_hash=shown(found)), Agreement
    )


# -------------------------------------------------------------------------------------------------------------- time


def test_reminders_come_once_each_and_more_time_moves_the_date(cast: Cast) -> None:
    asked = worlds.asked(cast)
    due = asked.due
    assert deadlines.remind_due(due - timedelta(days=4)) == 0
    assert deadlines.remind_due(due - timedelta(days=2, hours=20)) == 1
    assert deadlines.remind_due(due - timedelta(days=2)) == 0, "once"
    assert deadlines.remind_due(due - timedelta(hours=20)) == 1
    assert deadlines.remind_due(due - timedelta(hours=1)) == 0
    mail.outbox.clear()
    assert notify.send("negotiation.reminder", {"id": str(asked.pk)}) == 1
    assert mail.outbox[0].to == ["dana@dana.example"]
    deadlines.request_time(asked.pk, actor=cast.actor("dana"))
    mail.outbox.clear()
    notify.send("negotiation.time_asked", {"id": str(asked.pk)})
    assert mail.outbox[0].to == ["piotr@piotr.example"]
    assert "Asks for more time" in page(cast, "piotr", f"/negotiations/{asked.pk}/")
    assert client(cast, "piotr").post(f"/do/negotiation/{asked.pk}/grant_time/").status_code == 302
    asked.refresh_from_db()
    assert asked.due == due + timedelta(days=7)
    assert deadlines.remind_due(asked.due - timedelta(days=2, hours=20)) == 1, (
        "the new date has its own reminders"
    )
    with pytest.raises(Refused):
        deadlines.give_time(asked.pk, actor=cast.actor("dana"))
    for _ in range(9):
        deadlines.grant_time(asked.pk, actor=cast.actor("piotr"))
    with pytest.raises(Refused, match="90 days"):
        for _ in range(5):
            deadlines.grant_time(asked.pk, actor=cast.actor("piotr"))
    asked.refresh_from_db()
    assert deadlines.lapse_due(asked.due + timedelta(seconds=1)) == 1
    short = negotiations.ask(
        actor=cast.actor("piotr"), dataset=asked.dataset, terms=worlds.terms(), reply_days=2
    )
    assert deadlines.remind_due(timezone.now()) == 0, "no reminder on the day of asking"
    assert deadlines.remind_due(short.due - timedelta(hours=12)) == 1


# -------------------------------------------------------------------------------------------------------- sets and list


def test_a_later_turn_may_change_what_comes_along(cast: Cast) -> None:
    planes = worlds.registered(cast, b"tailnum,maker\nN1,Boeing\n", "planes.csv", "Aircraft register")
    worlds.offers.publish(planes.dataset_id, actor=cast.actor("dana"), trust=cast.trust,
                          terms=worlds.terms(columns=None, min_group_size=None))  # fmt: skip
    asked = worlds.asked(cast)
    negotiations.make_offer(
        asked.pk, actor=cast.actor("dana"), terms=worlds.terms(), also=[planes.dataset_id]
    )
    assert "Now included: Aircraft register" in page(cast, "piotr", f"/negotiations/{asked.pk}/")
    negotiations.counter(asked.pk, actor=cast.actor("piotr"), terms=worlds.terms(), also=[])
    assert "No longer included: Aircraft register" in page(cast, "dana", f"/negotiations/{asked.pk}/")
    negotiations.make_offer(
        asked.pk, actor=cast.actor("dana"), terms=worlds.terms(), also=[planes.dataset_id]
    )
    asked.refresh_from_db()
    agreement = negotiations.accept(asked.pk, actor=cast.actor("piotr"), policy_hash=shown(asked))
    assert [one["title"] for one in agreement.also] == ["Aircraft register"]
    assert [len(p.also) for p in asked.proposals.all()] == [0, 1, 0, 1]


def test_the_list_by_turn_and_as_a_file(cast: Cast) -> None:
    first = worlds.asked(cast, exports={"at_most": 9}, delete_within={"days": 60})
    second = negotiations.ask(actor=cast.actor("piotr"), dataset=first.dataset, terms=worlds.terms())
    negotiations.make_offer(
        second.pk,
        actor=cast.actor("dana"),
        terms=worlds.terms(exports={"at_most": 1}, delete_within={"days": 5}),
    )
    mine, theirs = (
        page(cast, "dana", "/negotiations/", show="mine"),
        page(cast, "dana", "/negotiations/", show="theirs"),
    )
    assert first.ref in mine and second.ref not in mine
    assert second.ref in theirs and first.ref not in theirs and "2 terms apart" in theirs
    assert "Nothing here matches" in page(cast, "dana", "/negotiations/", q="no such thing")
    assert first.ref in page(cast, "dana", "/negotiations/", q="meridian")
    answer = client(cast, "piotr").get("/negotiations/?show=open&format=csv")
    rows = list(csv.DictReader(StringIO(b"".join(answer).decode())))
    assert {(r["reference"], r["turn"], r["terms apart"]) for r in rows} == {
        (first.ref, "theirs", "0"),
        (second.ref, "yours", "2"),
    }
