"""Who may come in: a required second factor, domains, people who ask to join, and reviews of access."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.test import Client
from django.utils import timezone

from kernel.audit.models import Event
from kernel.decision import Refused
from kernel.models import Outbox
from portal import notify
from tests.cast import Cast
from tests.test_access import token
from tests.test_people import client, place
from trusts.organisations import access
from trusts.organisations import services as organisations
from trusts.organisations.models import AccessReview, Domain, Organisation, OrganisationMember, User

pytestmark = [pytest.mark.django_db, pytest.mark.rules]


def protect(cast: Cast, name: str) -> None:
    TOTP.activate(cast.users[name], generate_totp_secret())


def ask_for_factor(cast: Cast, days: int = 0) -> Organisation:
    begins = timezone.localdate() + timedelta(days=days)
    return access.set_entrance(
        cast.organisations["hudson"].pk, actor=cast.actor("dana"), second_factor_from=begins,
        review_every=None, review_idle=90,
    )  # fmt: skip


def confirmed(cast: Cast, name: str = "hudson.example") -> Domain:
    hudson = cast.organisations["hudson"].pk
    made = access.claim_domain(hudson, actor=cast.actor("dana"), name=name)
    operator = cast.users["ada"]
    operator.is_staff = True
    operator.save()
    assert client(cast, "ada").post(f"/do/domain/{made.pk}/confirm/").status_code == 302
    made.refresh_from_db()
    return made


def test_who_has_no_second_factor_can_only_set_one_up(cast: Cast) -> None:
    with pytest.raises(Refused, match="shut out"):
        ask_for_factor(cast)
    protect(cast, "dana")
    organisations.found(actor=cast.actor("rui"), name="Rui's own")
    secret = token(cast, "dana", ["read"])
    ask_for_factor(cast)
    dana, rui = client(cast, "dana"), client(cast, "rui")
    assert dana.get("/inbox/").status_code == 200
    for path in ("/inbox/", "/datasets/", "/audit/", f"/do/member/{place(cast, 'ines').pk}/name_deputy/"):
        stopped = client(cast, "ines").get(path)
        assert (stopped.status_code, stopped.headers.get("Location")) == (302, "/organisation/entrance/"), (
            path
        )
    sent = client(cast, "ines").post("/trusts/new/", {"name": "A trust"})
    assert sent.headers["Location"] == "/organisation/entrance/"
    page = client(cast, "ines").get("/organisation/entrance/")
    assert page.status_code == 403
    assert "Set up a second factor" in page.content.decode()
    assert client(cast, "ines").get("/settings/").status_code == 200
    # For another organisation that asks for nothing the same person goes on, and a token stands for itself.
    rui.post("/organisation/switch/", {"organisation": str(Organisation.objects.get(name="Rui's own").pk)})
    assert rui.get("/inbox/").status_code == 200
    assert Client().get("/api/v1/people", **secret).status_code == 200  # type: ignore[arg-type]
    protect(cast, "ines")
    assert client(cast, "ines").get("/inbox/").status_code == 200


def test_before_the_day_people_are_told_and_not_stopped(cast: Cast) -> None:
    protect(cast, "dana")
    found = ask_for_factor(cast, days=7)
    ines = client(cast, "ines").get("/inbox/")
    assert ines.status_code == 200
    assert "asks everybody for a second factor" in ines.content.decode()
    assert "asks everybody" not in client(cast, "dana").get("/inbox/").content.decode()
    assert notify.send("organisation.second_factor", {"id": str(found.pk)}) == 2
    assert {m.to[0] for m in mail.outbox} == {"rui@rui.example", "ines@ines.example"}


def test_people_with_a_verified_address_in_a_confirmed_domain_join_by_an_owner(cast: Cast) -> None:
    olga, dana = client(cast, "olga"), client(cast, "dana")
    EmailAddress.objects.create(user=cast.users["olga"], email="olga@hudson.example", verified=False)
    hudson = cast.organisations["hudson"]
    bad = dana.post(f"/do/organisation/{hudson.pk}/claim_domain/", {"name": "not a domain"})
    assert bad.status_code == 422
    held = confirmed(cast)
    assert olga.get("/organisations/hudson-carriers/join/").status_code == 404
    EmailAddress.objects.update(verified=True)
    assert "Ask to join Hudson Carriers" in olga.get("/settings/").content.decode()
    assert olga.post("/organisations/hudson-carriers/join/", {"message": "I am new."}).status_code == 302
    assert olga.post("/organisations/hudson-carriers/join/", {"message": "I am new."}).status_code == 409
    asked = hudson.joinrequests.get()
    assert "Olga Outsider asks to join" in dana.get("/inbox/").content.decode()
    assert client(cast, "rui").get(f"/do/joining/{asked.pk}/admit/").status_code == 404
    assert dana.post(f"/do/joining/{asked.pk}/admit/", {"roles": []}).status_code == 422
    assert dana.post(f"/do/joining/{asked.pk}/admit/", {"roles": ["analyst"]}).status_code == 302
    assert set(cast.users["olga"].places.filter(state="active").values_list("organisation__slug", flat=True)) == {
        "hudson-carriers", "elsewhere-ltd",
    }  # fmt: skip
    # A domain has one holder; whoever else claims it waits in vain, and giving it up ends the way in.
    other = access.claim_domain(
        cast.organisations["elsewhere"].pk, actor=cast.actor("olga"), name="hudson.example"
    )
    refused = client(cast, "ada").post(f"/do/domain/{other.pk}/confirm/")
    assert refused.status_code == 409
    assert held.record not in client(cast, "olga").get("/organisation/access/").content.decode()
    assert client(cast, "dana").get("/domains/").status_code == 404
    assert other.record in client(cast, "ada").get("/domains/").content.decode()


def test_a_review_lists_who_was_away_and_removes_with_one_form(cast: Cast) -> None:
    dana, hudson = client(cast, "dana"), cast.organisations["hudson"]
    old = timezone.now() - timedelta(days=120)
    OrganisationMember.objects.filter(organisation=hudson).update(last_access=timezone.now(), created=old)
    OrganisationMember.objects.filter(user__in=[cast.users["rui"], cast.users["ines"]]).update(
        last_access=None
    )
    access.set_entrance(
        hudson.pk, actor=cast.actor("dana"), second_factor_from=None, review_every=90, review_idle=90
    )
    assert access.begin_due(timezone.now()) == 1
    assert access.begin_due(timezone.now() + timedelta(days=400)) == 0
    review = AccessReview.objects.get()
    assert [one["name"] for one in review.idle] == ["Ines Vogel", "Rui Costa"]
    assert notify.send("access_review.begun", {"id": str(review.pk)}) == 1
    assert "2 of 3 people have not used it for 90 days" in mail.outbox[0].body
    assert "Say who still needs access" in dana.get("/inbox/").content.decode()
    address = f"/do/access_review/{review.pk}/answer/"
    assert client(cast, "ines").get(address).status_code == 403
    fields: dict[str, Any] = {f"person-{one['member']}": "keep" for one in review.people_then}
    undecided = {k: v for k, v in fields.items() if str(place(cast, "ines").pk) not in k}
    assert dana.post(address, undecided).status_code == 422
    fields[f"person-{place(cast, 'rui').pk}"] = "remove"
    assert dana.post(address, fields).status_code == 422  # without a reason
    assert dana.post(address, {**fields, "reason": "He works elsewhere now."}).status_code == 302
    assert not cast.users["rui"].places.filter(state="active").exists()
    event = Event.objects.get(subject_id=review.pk, action="answer")
    assert event.detail == {"removed": ["Rui Costa"], "kept": ["Ines Vogel", "Dana Ruiz"]}
    # The last owner cannot be reviewed away: then nothing of the answer happens.
    again = access.review_access(hudson.pk, actor=cast.actor("dana"))
    with pytest.raises(Refused, match="only owner"):
        access.answer_review(
            again.pk,
            actor=cast.actor("dana"),
            remove_=[str(place(cast, n).pk) for n in ("ines", "dana")],
            reason="Everybody",
        )
    assert cast.users["ines"].places.filter(state="active").exists()
    assert access.begin_due(timezone.now() + timedelta(days=91)) == 0


def test_account_mails_wait_sealed_and_no_page_fails_with_the_mail_server(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    client = Client()
    form = {
        "name": "  ",
        "email": "ann@there.example",
        "password1": "as long as it is 7",
        "password2": "as long as it is 7",
    }
    page = client.post("/accounts/signup/", form)
    assert page.context["form"].errors["name"]
    assert not User.objects.filter(email="ann@there.example").exists()
    assert client.post("/accounts/signup/", {**form, "name": "Ann  Lee"}).status_code == 302
    user = User.objects.get(email="ann@there.example")
    assert user.get_full_name() == "Ann Lee"
    assert Client().post("/accounts/password/reset/", {"email": user.email}).status_code == 302
    waiting = Outbox.objects.filter(topic="account.mail").order_by("id")
    assert waiting.count() == 2
    assert not [one for one in waiting if "/accounts/" in str(one.payload)], "its link is a secret"
    with pytest.raises(OSError, match="refused"):
        notify.send("account.mail", waiting[1].payload)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    for one in waiting:
        notify.send("account.mail", one.payload)
    assert [m.to for m in mail.outbox] == [[user.email]] * 2
    link = re.search(r"http://\S+/accounts/password/reset/key/\S+", mail.outbox[1].body)
    assert link is not None
    assert Client().get(link[0].partition("testserver")[2], follow=True).status_code == 200
