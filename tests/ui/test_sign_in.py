"""In a browser: to the organisation's own provider and back, and a colleague who stands in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.utils import timezone

from tests.cast import assemble
from tests.servers import openid_provider
from tests.ui.people import Person
from trusts.organisations import access, sign_in
from trusts.organisations.models import User

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]


def test_rui_signs_in_at_work_and_names_ines_as_his_deputy(
    browser: Any, live_server: Any, settings: Any
) -> None:
    cast, problems = assemble(), []
    with openid_provider() as issuer:
        settings.SSO_HOSTS, settings.SITE_URL = [urlsplit(issuer).netloc], live_server.url
        User.objects.filter(pk=cast.users["ada"].pk).update(is_staff=True)
        cast.users["ada"].refresh_from_db()
        hudson, dana = cast.organisations["hudson"].pk, cast.actor("dana")
        held = access.claim_domain(hudson, actor=dana, name="rui.example")
        access.confirm_domain(held.pk, actor=cast.actor("ada"))
        sign_in.set_up_provider(hudson, actor=dana, issuer=issuer, client_id="portal", client_secret="s")
        claims = {"email": "rui@rui.example", "email_verified": True}
        requests.put(f"{issuer}/users/rui-7", json=claims, timeout=10).raise_for_status()

        # The owner tests the connection, and from then on Rui can come that way.
        owner = Person(browser, live_server, cast, "dana", problems)
        owner.sign_in()
        owner.go("Organisation")
        owner.link("Signing in")
        owner.button("Test the connection")
        owner.sees("The provider answers as it should", "In use")

        rui = Person(browser, live_server, cast, "rui", problems)
        rui.page.goto(f"{live_server.url}/accounts/login/")
        rui.page.get_by_role("link", name="Sign in through your organisation").click()
        rui.page.get_by_label("E-mail address at your organisation").fill("rui@rui.example")
        rui.page.get_by_role("button", name="Go on").click()
        rui.page.get_by_role("link", name="Go on to").click()
        rui.page.get_by_placeholder("sub").fill("rui-7")
        rui.page.get_by_role("button", name="Authorize").click()
        rui.page.get_by_role("heading", name="Inbox").wait_for()
        # What the provider's own page could not load is not ours.
        problems.clear()

    rui.go("Organisation")
    rui.page.get_by_role("link", name="Name a deputy").click()
    rui.heading("Name a deputy")
    rui.page.get_by_label("Who stands in").select_option(label="Ines Vogel")
    rui.page.get_by_label("Until and including").fill((timezone.localdate() + timedelta(days=2)).isoformat())
    rui.button("Name a deputy")
    rui.sees("The deputy is named and has been told.", "Ines Vogel for Rui Costa")
    assert not problems
