"""Where an offer's terms come from: a policy file, a trust's own template, its own clauses; and in which language they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Offer
from contracts.policies.odrl import to_odrl
from contracts.policies.terms import Terms
from kernel.decision import Refused
from tests import worlds
from tests.cast import Cast
from tests.test_access import BACKEND

pytestmark = pytest.mark.django_db
MOON = {"leftOperand": "https://example.org/moonPhase", "operator": "eq", "rightOperand": "full"}


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    return client


def policy(**clauses: Any) -> dict[str, Any]:
    terms = Terms.from_dict(worlds.terms(**clauses))
    return to_odrl(terms, uid="urn:p", target="urn:t", assigner="urn:a")


def posted(page: str, **more: Any) -> dict[str, Any]:
    """What a browser would send of a form that it was shown, without script."""
    from html.parser import HTMLParser

    found: dict[str, list[str]] = {}

    class Reader(HTMLParser):
        select = ""
        inside = False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            a = {k: v or "" for k, v in attrs}
            if tag == "form":
                self.inside = "hx-post" in a
            if not self.inside:
                return
            if tag == "select":
                self.select = a.get("name", "")
            if tag == "option" and "selected" in a and self.select:
                found.setdefault(self.select, []).append(a["value"])
            if tag == "textarea":
                self.select = ""
            if tag == "input" and a.get("name"):
                if a.get("type") in ("checkbox", "radio") and "checked" not in a:
                    return
                found.setdefault(a["name"], []).append(a.get("value", "on"))

    Reader().feed(page)
    return {**found, **more}


def test_a_policy_file_becomes_an_offer_and_what_nobody_can_explain_binds_only_when_confirmed(
    cast: Cast,
) -> None:
    dataset = worlds.registered(cast).dataset
    given = policy()
    given["permission"][0]["constraint"].append(MOON)
    dana, url = browser(cast, "dana"), f"/datasets/{dataset.slug}/offer/new/"
    page = dana.post(
        url, {"policy": SimpleUploadedFile("p.json", json.dumps(given).encode())}
    ).content.decode()
    assert "moonPhase is “full”" in page and "cannot explain" in page
    made = dana.post(url, posted(page, publish="1", trust=str(cast.trust.pk)))
    assert made.status_code == 302, made.content.decode()[:2000]
    offer = Offer.objects.get(dataset=dataset)
    assert MOON in offer.odrl["permission"][0]["constraint"]
    rest = {k: v for k, v in offer.terms.items() if k != "unexplained"}
    assert rest == Terms.from_dict(worlds.terms()).as_dict()
    # A counter-offer keeps it; nobody accepts it by accident.
    dataset.refresh_from_db()
    asked = negotiations.ask(actor=cast.actor("piotr"), dataset=dataset, terms=offer.terms)
    seen = asked.proposals.get().policy_hash
    with pytest.raises(Refused, match="cannot be explained"):
        negotiations.accept_request(asked.pk, actor=cast.actor("dana"), policy_hash=seen)
    dana.post(
        f"/negotiations/{asked.pk}/counter/", {"publish": "1", "reply_days": "14", "seen": str(asked.version)}
    )
    asked.refresh_from_db()
    assert asked.proposals.count() == 2 and "unexplained" in asked.proposals.get(number=2).terms


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{", "can be read"), (b"[]", "can be read"), (b'{"@context": "https://elsewhere.example/c.jsonld"}', "can be read"),
     (json.dumps({"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:p",
                  "permission": [{"action": "play", "target": "urn:t"}]}).encode(), "without a permission to use")],
)  # fmt: skip
def test_a_file_that_is_no_policy_says_what_is_wrong(cast: Cast, content: bytes, said: str) -> None:
    dataset = worlds.registered(cast).dataset
    answer = browser(cast, "dana").post(
        f"/datasets/{dataset.slug}/offer/new/", {"policy": SimpleUploadedFile("p.json", content)}
    )
    assert answer.status_code == 422 and said in answer.content.decode()


def test_a_trust_keeps_an_offer_as_its_template_and_members_start_from_it(cast: Cast) -> None:
    dataset = worlds.registered(cast).dataset
    offer = worlds.offered(cast, exports={"at_most": 7}).offers.get()
    ada, dana = browser(cast, "ada"), browser(cast, "dana")
    kept = {"label": "Delay research", "help": "For studies of delays"}
    assert dana.post(f"/offers/{offer.pk}/template/", kept).status_code == 403
    assert "Keep these terms" in ada.get(offer.get_absolute_url()).content.decode()
    assert ada.post(f"/offers/{offer.pk}/template/", kept).status_code == 302
    charter = cast.trust.charters.first()
    assert charter.number == 2 and "columns" not in charter.rules["offers"][0]["terms"]
    page = dana.get(f"/datasets/{dataset.slug}/offer/new/").content.decode()
    assert "Delay research" in page
    code = f"{charter.rules['offers'][0]['code']}-{cast.trust.slug}"
    chosen = dana.get(f"/datasets/{dataset.slug}/offer/new/?template={code}").content.decode()
    assert "receive at most 7 exports" in chosen


def test_terms_are_read_in_german_too(cast: Cast) -> None:
    offer = worlds.offered(cast).offers.get()
    page = browser(cast, "piotr").get(f"{offer.get_absolute_url()}?words=de").content.decode()
    assert "darf die Daten für Forschung oder Statistik verwenden" in page and 'lang="de"' in page
    assert "höchstens 3 Exporte" in page and "In English" in page


def test_what_is_on_offer_is_sent_back_as_it_is(cast: Cast) -> None:
    """A form that was only looked at changes nothing: not the zone, not a default that the terms do without."""
    period = {**worlds.terms()["period"], "zone": "America/New_York"}
    dataset = worlds.offered(cast, period=period, exports=None)
    piotr = browser(cast, "piotr")
    page = piotr.get(f"/negotiations/new/?dataset={dataset.slug}").content.decode()
    assert (
        piotr.post("/negotiations/new/", posted(page, publish="1", dataset=dataset.slug, note="")).status_code
        == 302
    )
    asked = dataset.negotiations.get()
    assert asked.proposals.get().terms == dataset.offers.get().terms
