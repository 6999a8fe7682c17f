"""A member is expelled while a job of it runs: it is heard first, all see what follows, and then just that happens."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from jobs.runs import services as runs
from jobs.runs.models import Job
from kernel import outbox
from kernel.actor import system
from portal import notify
from tests import worlds
from tests.cast import assemble
from tests.ui.people import Person
from trusts.membership.models import Membership

pytestmark = [pytest.mark.ui, pytest.mark.django_db(transaction=True)]
GROUNDS = "They passed data on to a third party."


def busy(cast: Any) -> Job:
    """Meridian has one export that it may fetch, and a second that a worker is making."""
    agreement = worlds.agreed(cast)
    worlds.delivered(cast, agreement)
    request = worlds.approved(cast, agreement)
    outbox.dispatch()
    job = Job.objects.get(request=request, kind="export")
    return runs.claim(job.pk, actor=system(), worker="test")


def open_hearing(ada: Person, page: str) -> None:
    ada.page.goto(page)
    ada.page.get_by_role("main").get_by_text("The organisation has not been heard").first.wait_for()
    ada.link("Open a hearing")
    ada.page.get_by_label("On what grounds").fill(GROUNDS)
    ada.button("Open a hearing")
    ada.sees("The organisation has been told and may reply.", "No reply yet")


def reply(piotr: Person, page: str) -> None:
    piotr.page.goto(page)
    piotr.sees(GROUNDS)
    piotr.link("Reply to the grounds")
    piotr.page.get_by_label("Your organisation's reply").fill("It was somebody else, and we can show it.")
    piotr.button("Reply to the grounds")
    piotr.sees("Your reply is with those who decide.")


def expel(ada: Person, page: str) -> None:
    """What is said before names no contract of others, only how many there are."""
    ada.page.goto(page)
    ada.sees("It was somebody else, and we can show it.")
    ada.link("Expel")
    ada.sees("What happens when you confirm", "1 contract: ended early", "1 job stops",
             "1 export can no longer be fetched")  # fmt: skip
    assert ada.page.get_by_text("Contract C-").count() == 0
    ada.page.get_by_label("Reason").fill("The reply did not explain it.")
    ada.button("Expel")
    ada.sees("Expelled")


def see_it_stopped(piotr: Person) -> None:
    piotr.go("Jobs")
    piotr.page.get_by_role("main").get_by_role("row", name="clean and export").filter(has_text="Cancelled").first.wait_for()  # fmt: skip


def test_a_member_is_expelled_while_a_job_runs(browser: Any, live_server: Any) -> None:
    cast, problems = assemble(), []
    job = busy(cast)
    found = Membership.objects.get(trust=cast.trust, organisation=cast.organisations["meridian"])
    page = f"{live_server.url}{found.get_absolute_url()}"
    ada, piotr = (Person(browser, live_server, cast, name, problems) for name in ("ada", "piotr"))
    ada.sign_in()
    open_hearing(ada, page)
    piotr.sign_in()
    reply(piotr, page)
    expel(ada, page)
    outbox.dispatch()
    job.refresh_from_db()
    assert job.state == "cancelled"
    see_it_stopped(piotr)
    delivery = job.request.agreement.deliveries.get()
    piotr.page.goto(f"{piotr.url}/deliveries/{delivery.pk}/")
    piotr.sees("ended")
    assert piotr.page.get_by_role("main").get_by_role("button", name="Download", exact=True).is_disabled()
    before = len(mail.outbox)
    notify.send("membership.ended", {"id": str(found.pk)})
    assert [to for m in mail.outbox[before:] for to in m.to] == [cast.users["piotr"].email]
    for person in (ada, piotr):
        person.context.close()
    assert not problems, "\n".join(problems)
