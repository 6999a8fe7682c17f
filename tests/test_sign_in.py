"""Signing in through an organisation's own OpenID provider: a real one, in a process of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from django.test import Client

from kernel.decision import Refused
from tests.cast import PASSWORD, Cast
from tests.servers import openid_provider
from tests.test_entering import confirmed, protect
from tests.test_people import client
from trusts.organisations import services as organisations
from trusts.organisations import sign_in
from trusts.organisations.models import Organisation, SignInProvider

pytestmark = [pytest.mark.django_db, pytest.mark.rules]
START = "/sign-in/hudson-carriers/go/"
Swap = Callable[[str, Any], Any]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with openid_provider() as found:
        yield found


@pytest.fixture
def provider(cast: Cast, issuer: str, settings: Any) -> SignInProvider:
    """Hudson's, tested; Rui is known there as `rui-7`."""
    return set_up(cast, issuer, settings)


def set_up(cast: Cast, issuer: str, settings: Any) -> SignInProvider:
    settings.SSO_HOSTS = [urlsplit(issuer).netloc]
    settings.SITE_URL = "http://testserver"
    confirmed(cast, "rui.example")
    row = sign_in.set_up_provider(
        cast.organisations["hudson"].pk, actor=cast.actor("dana"), issuer=issuer, client_id="portal", client_secret="s3cret"
    )  # fmt: skip
    knows(issuer, "rui-7", email="rui@rui.example", email_verified=True)
    return sign_in.test_provider(row.pk, actor=cast.actor("dana"))


def knows(issuer: str, sub: str, **claims: Any) -> None:
    requests.put(f"{issuer}/users/{sub}", json=claims, timeout=10).raise_for_status()


def come(browser: Client, sub: str, *, nonce: str | None = None) -> Any:
    """To the provider and back, as a browser does; what the portal answers at the end."""
    sent = browser.get(START)
    assert sent.status_code == 302, sent.content.decode()
    parts = urlsplit(sent.headers["Location"])
    asked = dict(parse_qsl(parts.query))
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    if nonce:
        asked["nonce"] = nonce
    there = f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(asked)}"
    answer = requests.post(there, data={"sub": sub}, allow_redirects=False, timeout=10)
    back = urlsplit(answer.headers["Location"])
    return browser.get(f"{back.path}?{back.query}")


def test_a_colleague_signs_in_and_acts_for_that_organisation_only(
    cast: Cast, provider: SignInProvider
) -> None:
    organisations.found(actor=cast.actor("rui"), name="Rui's own")
    browser = Client()
    found = browser.post("/sign-in/", {"email": "somebody@rui.example"})
    assert found.headers["Location"] == "/sign-in/hudson-carriers/"
    assert browser.get("/sign-in/hudson-carriers/").status_code == 200
    assert browser.post("/sign-in/", {"email": "somebody@nowhere.example"}).status_code == 422
    assert come(browser, "rui-7").headers["Location"] == "/inbox/"
    page = browser.get("/inbox/")
    assert page.wsgi_request.actor.organisation_name == "Hudson Carriers"
    # What the provider vouches for is Hudson's; Rui's own organisation and his own password are not.
    own = Organisation.objects.get(name="Rui's own")
    browser.post("/organisation/switch/", {"organisation": str(own.pk)})
    assert browser.get("/inbox/").wsgi_request.actor.organisation_name == "Hudson Carriers"
    assert browser.get("/accounts/email/").status_code == 403
    assert browser.get("/accounts/password/set/").status_code == 403
    # He comes again as the same account, also under another address of the domain; and with his place his way in ends.
    assert come(Client(), "rui-7").headers["Location"] == "/inbox/"
    account = cast.users["rui"].socialaccount_set.get()
    assert (account.uid, account.extra_data) == ("rui-7", {})
    rui = cast.organisations["hudson"].members.get(user=cast.users["rui"])
    organisations.remove(rui.pk, actor=cast.actor("dana"), reason="He has left us.")
    assert browser.get("/inbox/").wsgi_request.actor.organisation_id is None
    refused = come(Client(), "rui-7")
    assert refused.status_code == 403
    assert "Nobody with the address" in refused.content.decode()


@pytest.mark.parametrize(
    ("sub", "claims", "said"),
    [
        ("new", {"email": "new@rui.example", "email_verified": True}, "Nobody with the address"),
        ("unsure", {"email": "rui@rui.example", "email_verified": False}, "does not vouch"),
        ("silent", {}, "does not vouch"),
        # Dana belongs to Hudson, but her domain is not Hudson's; Piotr's is another organisation's.
        ("dana", {"email": "dana@dana.example", "email_verified": True}, "not in a domain"),
        ("piotr", {"email": "piotr@piotr.example", "email_verified": True}, "not in a domain"),
    ],
)
def test_who_is_not_vouched_for_does_not_come_in(
    cast: Cast, provider: SignInProvider, issuer: str, sub: str, claims: dict[str, Any], said: str
) -> None:
    knows(issuer, sub, **claims)
    browser = Client()
    answer = come(browser, sub)
    assert answer.status_code == 403
    assert said in answer.content.decode()
    assert browser.get("/inbox/").status_code == 302


def test_answers_that_belong_to_another_sign_in_are_refused(cast: Cast, provider: SignInProvider) -> None:
    assert "does not belong to this sign-in" in come(Client(), "rui-7", nonce="another").content.decode()
    browser = Client()
    assert browser.get("/sign-in/hudson-carriers/back/?code=x&state=y").status_code == 403
    assert browser.get("/inbox/").status_code == 302


@pytest.fixture
def middleman(issuer: str) -> Iterator[tuple[str, list[Swap]]]:
    """A server between the portal and the provider that may change JSON answers: (its address, what to change)."""
    swaps: list[Swap] = []

    class Handler(BaseHTTPRequestHandler):
        def relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {
                k: v for k, v in self.headers.items() if k.lower() not in ("content-length", "connection")
            }
            got = requests.request(
                self.command, issuer + self.path, data=body, headers=kept, allow_redirects=False, timeout=10
            )
            content = got.content
            if swaps and "json" in got.headers.get("Content-Type", ""):
                content = json.dumps(swaps[0](self.path, got.json())).encode()
            self.send_response(got.status_code)
            for name in ("Content-Type", "Location"):
                if name in got.headers:
                    self.send_header(name, got.headers[name])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = relay

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", swaps
    server.shutdown()


def test_a_token_of_another_audience_issuer_or_hand_is_refused(
    cast: Cast, issuer: str, settings: Any, middleman: tuple[str, list[Swap]]
) -> None:
    address, swaps = middleman
    row = set_up(cast, address, settings)
    assert come(Client(), "rui-7").status_code == 302  # unchanged it passes

    def other_audience(path: str, answer: Any) -> Any:
        """A true token of the same provider, but for another client."""
        if path == "/oauth2/token":
            asked = {
                "client_id": "other",
                "response_type": "code",
                "scope": "openid email",
                "redirect_uri": "http://x/",
                "state": "s",
            }
            code = requests.post(
                f"{issuer}/oauth2/authorize?{urlencode(asked)}", data={"sub": "rui-7"}, allow_redirects=False, timeout=10,
                headers={"Host": urlsplit(address).netloc},
            )  # fmt: skip
            query = dict(parse_qsl(urlsplit(code.headers["Location"]).query))
            form = {
                "grant_type": "authorization_code",
                "code": query["code"],
                "redirect_uri": "http://x/",
                "client_id": "other",
                "client_secret": "s",
            }
            got = requests.post(
                f"{issuer}/oauth2/token", data=form, timeout=10, headers={"Host": urlsplit(address).netloc}
            )
            answer["id_token"] = got.json()["id_token"]
        return answer

    def other_hand(path: str, answer: Any) -> Any:
        if path == "/oauth2/token":
            head, body, signature = answer["id_token"].split(".")
            answer["id_token"] = ".".join((head, body, signature[:-8] + "AAAAAAAA"))
        return answer

    def other_person(path: str, answer: Any) -> Any:
        return {**answer, "sub": "somebody-else"} if path == "/userinfo" else answer

    def other_issuer(path: str, answer: Any) -> Any:
        return {**answer, "issuer": "https://elsewhere.example"} if "well-known" in path else answer

    for swap in (other_audience, other_hand, other_person):
        swaps[:] = [swap]
        browser = Client()
        assert come(browser, "rui-7").status_code == 403, swap.__name__
        assert browser.get("/inbox/").status_code == 302
    swaps[:] = [other_issuer]
    assert Client().get(START).status_code == 502
    with pytest.raises(Refused, match=r"elsewhere\.example"):
        sign_in.test_provider(row.pk, actor=cast.actor("dana"))
    swaps[:] = [
        lambda path, answer: (
            {**answer, "token_endpoint": "http://10.0.0.1/token"} if "well-known" in path else answer
        )
    ]
    with pytest.raises(Refused, match="not allowed"):
        sign_in.test_provider(row.pk, actor=cast.actor("dana"))
    assert come(Client(), "rui-7").status_code in (403, 502)


def test_the_only_way_in_stops_passwords_but_not_a_protected_owner(
    cast: Cast, provider: SignInProvider
) -> None:
    dana, rui = client(cast, "dana"), Client()
    rui.post("/accounts/login/", {"login": "rui@rui.example", "password": PASSWORD})
    assert rui.get("/inbox/").status_code == 200
    assert dana.post(f"/do/provider/{provider.pk}/require/").status_code == 409
    protect(cast, "dana")
    assert dana.post(f"/do/provider/{provider.pk}/require/").status_code == 302
    assert rui.get("/inbox/").headers["Location"] == "/organisation/entrance/"
    assert "/sign-in/hudson-carriers/" in rui.get("/organisation/entrance/").content.decode()
    assert dana.get("/inbox/").status_code == 200
    assert come(rui, "rui-7").status_code == 302
    assert rui.get("/inbox/").status_code == 200
    # A change must be tested anew, and until then nobody is kept out.
    sign_in.change_provider(
        provider.pk, actor=cast.actor("dana"), issuer=provider.issuer, client_id="portal-2"
    )
    assert Client().get(START).status_code == 404
    other = client(cast, "ines")
    assert other.get("/inbox/").status_code == 200
    sign_in.remove_provider(provider.pk, actor=cast.actor("dana"))
    provider.refresh_from_db()
    assert provider.secret == ""
    assert not cast.users["rui"].socialaccount_set.exists()


def test_the_operator_says_which_hosts_may_be_asked(cast: Cast, settings: Any) -> None:
    settings.SSO_HOSTS = ["login.hudson.example"]
    address = f"/do/organisation/{cast.organisations['hudson'].pk}/set_up_provider/"
    given = {"client_id": "portal", "client_secret": "hush-hush"}
    dana = client(cast, "dana")
    assert dana.post(address, {**given, "issuer": "http://169.254.169.254/latest"}).status_code == 409
    assert (
        dana.post(address, {**given, "issuer": "https://login.hudson.example@evil.example"}).status_code
        == 422
    )
    assert dana.post(address, {**given, "issuer": "https://login.hudson.example"}).status_code == 302
    row = SignInProvider.objects.get()
    assert "hush-hush" not in row.sealed_secret
    assert row.secret == "hush-hush"
    page = dana.get("/organisation/access/").content.decode()
    assert "login.hudson.example" in page
    assert "hush-hush" not in page
    assert "login.hudson.example" not in client(cast, "rui").get("/organisation/access/").content.decode()
    with pytest.raises(Refused, match="no confirmed"):
        row.__class__.objects.filter(pk=row.pk).update(state="on")
        sign_in.require_provider(row.pk, actor=cast.actor("dana"))
