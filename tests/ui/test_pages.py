"""Every page a steward and a partner use: accessible, quiet in the console, and no wider than the phone."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from contracts.decisions.selectors import decisions_on
from contracts.library import services as library
from contracts.negotiations import duties, offers
from jobs.tracing import services as tracing
from jobs.tracing.models import Trace
from jobs.tracing.search import facts
from kernel.actor import system
from tests import worlds
from tests.cast import assemble
from tests.test_choosing import zipped
from tests.test_quality import measured_twice
from tests.test_reading import sales
from tests.test_sources import FLIGHTS
from trusts.datasets import services as datasets
from trusts.datasets import sources

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def sign_in(context: Any, url: str, user: Any) -> None:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])


def look(page: Any, url: str, problems: list[str]) -> None:
    """Load one page and note what a user of assistive technology, a phone or the CSP would trip over."""
    page.goto(url, wait_until="load")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        problems.append(f"{url}: {wide} px wider than the window")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    for violation in found.response["violations"]:
        nodes = [node["html"][:120] for node in violation["nodes"][:2]]
        problems.append(f"{url}: {violation['id']}: {nodes}")


def library_of(folder: Any, cast: Any) -> Any:
    """A dataset that stays in a folder, read once."""
    pq.write_table(FLIGHTS, folder / "flights.parquet")
    address = {"kind": "folder", "path": str(folder)}
    made = sources.register_with_source(
        actor=cast.actor("dana"), title="In place", address=address, secrets={}
    )
    worlds.drain()
    return made


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 360)])
def test_pages_are_accessible_and_quiet(
    browser: Any, live_server: Any, settings: Any, tmp_path: Any, scheme: str, width: int
) -> None:
    assert not django_settings.DEBUG
    settings.DATA_ROOTS, settings.DATA_HOSTS = [("*", str(tmp_path))], ["db.example.org"]
    cast = assemble()
    request = worlds.delivered(cast)
    waiting = worlds.submitted(cast, request.agreement)
    trial = worlds.tried(cast, waiting)
    steps = [*worlds.ANSWERS["recipe"], {"name": "trim", "params": {"columns": ["nothing"]}}]
    recipe = library.save(actor=cast.actor("dana"), name="Tidy", steps=steps)
    library.share(recipe.pk, actor=cast.actor("dana"), trust=cast.trust.pk)
    dataset, agreement, delivery = request.agreement.dataset, request.agreement, request.deliveries.get()
    fresh = worlds.negotiations.ask(
        actor=cast.actor("piotr"), dataset=dataset, terms=worlds.terms(exports={"at_most": 9})
    )
    worlds.negotiations.make_offer(
        fresh.pk, actor=cast.actor("dana"), terms=worlds.terms(delete_within={"days": 14})
    )
    worlds.registers_key(cast, "piotr")
    asked = worlds.negotiations.ask(actor=cast.actor("piotr"), dataset=dataset, terms=worlds.terms())
    unsigned = worlds.negotiations.accept_request(
        asked.pk, actor=cast.actor("dana"), policy_hash=asked.proposals.get().policy_hash
    )
    drifted = measured_twice(cast)
    sold = worlds.registered(cast, sales(), "sales.csv", "Sales")
    stays = library_of(tmp_path, cast)
    choose = worlds.registered(
        cast, zipped(**{"a.csv": "a\n1\n", "b.csv": "b\n1\n"}), "several.zip", "Several"
    )
    traced = tracing.ask(actor=cast.actor("dana"), dataset=dataset, file=worlds.upload())
    worlds.drain()
    # As a larger export would be named.
    named = {"id": str(delivery.pk), "log10_chance": -9.2, "share": [0.5, 0.4, 0.6], **facts(delivery)}
    found = {
        **Trace.objects.get(pk=traced.pk).result,
        "verdict": "named",
        "named": [named],
        "same": [facts(delivery)],
    }
    Trace.objects.filter(pk=traced.pk).update(result=found)
    names = ",".join(f"c_{n}" for n in range(210))
    wide = worlds.registered(cast, f"{names}\n{'1,' * 209}1\n".encode(), "wide.csv", "Wide")
    duty = duties.begin(agreement, "delete_within", "Delete it", None, actor=system())
    proof = SimpleUploadedFile("deleted.txt", b"All gone.")
    duties.fulfil(duty.pk, actor=cast.actor("piotr"), statement="All of it is gone.", file=proof)
    # Data of a third, which Hudson's role does not let it ask for: a long line on the card.
    theirs = datasets.register(actor=cast.actor("ada"), title="Hourly weather", summary="Wind and rain")
    datasets.add_version(theirs.pk, actor=cast.actor("ada"), file=worlds.upload())
    worlds.drain()
    offers.publish(theirs.pk, actor=cast.actor("ada"), terms=worlds.terms(), trust=cast.trust)
    both = [theirs.get_absolute_url(), duty.get_absolute_url(), "/", "/inbox/", "/dashboard/", "/datasets/", "/trusts/", "/negotiations/", "/contracts/", "/requests/", "/jobs/", "/audit/",
            "/organisation/people/", "/settings/", "/settings/tokens/", "/help/", "/status/", cast.trust.get_absolute_url(),
            f"{cast.trust.get_absolute_url()}members/", dataset.get_absolute_url(), f"/datasets/{dataset.slug}/quality/",
            f"/datasets/{dataset.slug}/schema/", f"/datasets/{dataset.slug}/lineage/", f"/datasets/{dataset.slug}/versions/1/", fresh.get_absolute_url(),
            agreement.get_absolute_url(), waiting.get_absolute_url(), request.jobs.get().get_absolute_url(), delivery.get_absolute_url(),
            f"/receipts/{delivery.data_sha256}/", "/recipes/", "/recipes/new/", recipe.get_absolute_url(), trial.get_absolute_url(),
            f"/recipes/{recipe.pk}/compare/", f"{agreement.get_absolute_url()}try/", f"{fresh.get_absolute_url()}try/",
            f"/decisions/{decisions_on('request', request.pk, cast.actor('dana'))[0].pk}/"]  # fmt: skip
    hudson = f"/do/organisation/{cast.organisations['hudson'].pk}"
    only = {
        "dana": ["/organisation/witness/", "/organisation/witness/new/", f"/datasets/{dataset.slug}/trace/", traced.get_absolute_url(), f"{hudson}/register_key/", f"{hudson}/revoke_key/", "/organisations/meridian-insurance/", f"/offers/{dataset.offers.get(state='published').pk}/rule/", f"/contracts/{agreement.pk}/renew/", f"{fresh.get_absolute_url()}?tab=machine",
                 *(f"/datasets/new/place/?kind={kind}" for kind in ("folder", "s3", "postgres")), f"/do/source/{stays.source.pk}/change/", f"/do/source/{stays.source.pk}/schedule/",
                 choose.dataset.get_absolute_url(), choose.get_absolute_url(), f"{choose.get_absolute_url()}reading/", f"{wide.get_absolute_url()}reading/?columns_find=c_20",
                 stays.get_absolute_url(), f"{stays.get_absolute_url()}versions/1/", f"{stays.get_absolute_url()}versions/1/reading/", f"/recipes/{recipe.pk}/edit/?against={agreement.version_of_data_id}", "/datasets/new/", f"/datasets/{dataset.slug}/offer/new/",
                 f"/do/agreement/{agreement.pk}/suspend/", "/accounts/2fa/", f"{sold.get_absolute_url()}reading/", f"/do/version/{sold.pk}/correct/",
                 *(f"/datasets/{drifted.slug}/{end}" for end in ("quality/", "quality/rows/?part=completeness", "rules/", "rules/?add=range", "rules/import/",
                                                                "versions/2/", "versions/2/compare/"))],
        "piotr": [unsigned.get_absolute_url(), f"/do/agreement/{unsigned.pk}/sign/", f"{fresh.get_absolute_url()}?tab=text", f"{fresh.get_absolute_url()}?all=1&about=exports", f"/negotiations/new/?dataset={dataset.slug}", f"/negotiations/{fresh.pk}/counter/", f"/requests/new/?contract={agreement.pk}"],
        "": ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"],
    }  # fmt: skip
    problems: list[str] = []
    for who, pages in only.items():
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        page.on("console", lambda m: problems.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda e: problems.append(f"script: {e}"))
        if who:
            sign_in(context, live_server.url, cast.users[who])
        for path in [*pages, *(both if who else [])]:
            look(page, live_server.url + path, problems)
        context.close()
    assert not problems, "\n".join(problems)
