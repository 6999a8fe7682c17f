"""One object of every machine in every state that a person can meet, reached by real verbs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from unittest.mock import patch
from zipfile import ZipFile

from allauth.account.models import EmailAddress
from django.test import override_settings
from django.utils import timezone

from contracts.charters import services as charters
from contracts.library import services as library
from contracts.negotiations import agreements, automatic, duties, notes, offers, signatures
from contracts.negotiations import services as negotiations
from contracts.negotiations.models import Duty
from contracts.sharing import services as sharing
from jobs.deliveries import services as deliveries
from jobs.runs import runner
from jobs.runs import services as runs
from jobs.runs.models import Job
from jobs.tracing import services as tracing
from kernel import outbox
from kernel.actor import Actor, system
from tests import votes, worlds
from tests.cast import Cast
from trusts.datasets import services as datasets
from trusts.datasets import sources, uploads
from trusts.membership import services as membership
from trusts.membership import winding
from trusts.mergers import services as merging
from trusts.organisations import access, people, sign_in
from trusts.organisations import services as organisations
from trusts.organisations.models import OrganisationMember
from trusts.rights import emergencies
from trusts.rights import services as rights
from trusts.witnesses import services as watching

# States that only the portal passes through within one transaction: nobody ever sees them.
UNSEEN = {("negotiation", "verified")}
REASON = "Because the test says so."


class Situations:
    """`reach(machine, state)` gives an object of Hudson's (or between Hudson and Meridian) in that state."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.dana, self.piotr, self.rui, self.ada = (cast.actor(n) for n in ("dana", "piotr", "rui", "ada"))
        self.dataset = worlds.offered(cast)
        self.ways: dict[str, Callable[[str], Any]] = {
            "dataset": self._dataset, "version": self._version, "upload": self._upload, "source": self._source, "offer": self._offer, "negotiation": self._negotiation, "note": self._note, "rule": self._rule,
            "recipe": self._recipe, "trial": self._trial, "trace": self._trace, "agreement": self._agreement, "exemption": self._exemption, "duty": self._duty, "request": self._request, "job": self._job, "delivery": self._delivery,
            "proposal": lambda state: votes.situation(cast, state), "membership": self._membership, "trust": self._trust, "organisation": lambda _: cast.organisations["hudson"],
            "deputyship": self._deputyship, "domain": self._domain, "joining": self._joining, "provider": self._provider, "access_review": self._review, "grant": self._grant, "emergency": self._emergency, "group": self._group, "member": self._member, "invitation": self._invitation, "token": self._token,
            "merger": self._merger, "witness": self._witness, "split_view": self._split_view,
        }  # fmt: skip

    def reach(self, machine: str, state: str) -> Any:
        subject = self.ways[machine](state)
        subject.refresh_from_db()
        assert subject.state == state, f"{machine}: meant {state}, is {subject.state}"
        return subject

    def _dataset(self, state: str) -> Any:
        if state == "listed":
            return self.dataset
        found = datasets.register(actor=self.dana, title=f"A {state} dataset")
        if state == "retired":
            datasets.retire(found.pk, actor=self.dana, reason=REASON)
        return found

    def _trust(self, state: str) -> Any:
        if state == "active":
            return self.cast.trust
        made = membership.found(
            actor=self.ada, name=f"A {state} trust", kind="trust", purpose="To end.", charter="It ends."
        )
        # As if a contract still ran in it, or none.
        with patch.object(winding, "running", lambda trust: int(state == "winding_up")):
            return winding.wind_up(made.pk, actor=system(), reason=REASON)

    def _exemption(self, state: str) -> Any:
        made = worlds.exempted(self.cast, self.dataset)
        if state == "granted":
            charters.agree(made.pk, actor=self.rui, reason=REASON)
            charters.agree_trustee(made.pk, actor=self.ada, reason=REASON)
        if state == "refused":
            charters.refuse(made.pk, actor=self.ada, reason=REASON)
        if state == "withdrawn":
            charters.withdraw(made.pk, actor=self.dana)
        # Whatever else is reached here is reached without limits.
        membership.change_charter(self.cast.trust.pk, actor=self.ada, rules={})
        return made

    def _upload(self, state: str) -> Any:
        made = uploads.create(actor=self.dana, name="flights.csv", size=len(worlds.CSV))
        if state in ("checking", "complete", "used"):
            uploads.receive(made, 0, BytesIO(worlds.CSV).read, actor=self.dana, sha256=None)
            with patch.object(uploads, "AT_ONCE_BYTES", 0 if state == "checking" else 1 << 20):
                uploads.complete(made.pk, actor=self.dana)
        if state == "used":
            datasets.register_with_file(actor=self.dana, title="Sent in pieces", upload=made.pk)
        if state == "abandoned":
            uploads.abandon(made.pk, actor=self.dana)
        return made

    def _source(self, state: str) -> Any:
        dataset = datasets.register(actor=self.dana, title=f"A {state} source")
        with override_settings(DATA_ROOTS=[("*", "/srv/data")]):
            made = sources.connect(
                actor=self.dana, dataset=dataset, address={"kind": "folder", "path": "/srv/data"}, secrets={}
            )
        if state == "forgotten":
            sources.forget(made.pk, actor=self.dana)
        return made

    def _version(self, state: str) -> Any:
        if state == "profiled":
            return self.dataset.versions.get()
        if state == "failed":
            return worlds.registered(self.cast, b"only,a,header\n", "a.csv")
        if state == "choosing":
            several = BytesIO()
            with ZipFile(several, "w") as archive:
                for name in ("a.csv", "b.csv"):
                    archive.writestr(name, worlds.CSV)
            return worlds.registered(self.cast, several.getvalue(), "several.zip", "To choose from")
        if state == "retired":
            version = worlds.registered(self.cast, title="To retire")
            return datasets.retire_version(version.pk, actor=self.dana, reason=REASON)
        dataset = datasets.register(actor=self.dana, title="Being read")
        version = datasets.add_version(dataset.pk, actor=self.dana, file=worlds.upload())
        if state == "profiling":
            datasets.start_reading(version.pk, actor=system())
        return version

    def _offer(self, state: str) -> Any:
        if state == "published":
            return self.dataset.offers.get(state="published")
        version = worlds.registered(self.cast, title=f"Offer {state}")
        found = offers.publish(
            version.dataset_id, actor=self.dana, terms=worlds.terms(), trust=self.cast.trust
        )
        if state == "paused":
            offers.pause(found.pk, actor=self.dana)
        else:
            offers.withdraw_offer(found.pk, actor=self.dana, reason=REASON)
        return found

    def _negotiation(self, state: str) -> Any:
        found = negotiations.ask(actor=self.piotr, dataset=self.dataset, terms=worlds.terms())
        if state == "offered":
            negotiations.make_offer(found.pk, actor=self.dana, terms=worlds.terms(delete_within={"days": 9}))
        elif state == "withdrawn":
            negotiations.withdraw(found.pk, actor=self.piotr, reason=REASON)
        elif state == "rejected":
            negotiations.reject(found.pk, actor=self.dana, reason=REASON)
        elif state == "lapsed":
            negotiations.lapse(found.pk, actor=system())
        elif state == "finalized":
            return self._agreement("in_force").negotiation
        elif state in ("accepted", "agreed"):
            with worlds.own_key(self.cast, "dana" if state == "accepted" else "piotr"):
                return self._accepted().negotiation
        return found

    def _note(self, state: str) -> Any:
        found = notes.keep(actor=self.dana, negotiation=self._negotiation("requested"), text=REASON)
        if state == "struck":
            notes.strike(found.pk, actor=self.dana)
        return found

    def _rule(self, state: str) -> Any:
        offer = self.dataset.offers.get(state="published")
        found = automatic.lay_down(actor=self.dana, offer=offer, name=f"A {state} rule")
        if state == "off":
            automatic.switch_off(found.pk, actor=self.dana)
        elif state == "dropped":
            automatic.drop(found.pk, actor=self.dana)
        return found

    def _accepted(self) -> Any:
        asked = negotiations.ask(actor=self.piotr, dataset=self.dataset, terms=worlds.terms())
        return negotiations.accept_request(
            asked.pk, actor=self.dana, policy_hash=asked.proposals.get().policy_hash
        )

    def _agreement(self, state: str) -> Any:
        if state in ("signing", "unsigned"):
            with worlds.own_key(self.cast, "piotr"):
                found = self._accepted()
            return signatures.lapse(found.pk, actor=system()) if state == "unsigned" else found
        found = self._accepted()
        if state == "suspended":
            agreements.suspend(found.pk, actor=self.dana, reason=REASON)
        elif state == "terminated":
            agreements.terminate(found.pk, actor=self.dana, reason=REASON)
        elif state == "ended":
            agreements.run_out(found.pk, actor=system())
        return found

    def _duty(self, state: str) -> Any:
        request = worlds.delivered(self.cast, self._agreement("in_force"))
        agreements.terminate(request.agreement_id, actor=self.dana, reason=REASON)
        found = Duty.objects.get(agreement_id=request.agreement_id)
        if state in ("declared", "done"):
            duties.fulfil(found.pk, actor=self.piotr, statement="We deleted everything.")
        if state == "done":
            duties.accept(found.pk, actor=self.dana)
        elif state == "waived":
            duties.waive(found.pk, actor=self.dana, reason=REASON)
        elif state == "late":
            duties.overdue(found.pk, actor=system())
        return found

    def _request(self, state: str) -> Any:
        agreement = self._agreement("in_force")
        if state == "draft":
            return worlds.drafted(self.cast, agreement)
        found = worlds.submitted(self.cast, agreement)
        if state == "approved":
            sharing.approve(found.pk, actor=self.rui, reason=REASON)
        elif state == "returned":
            sharing.send_back(found.pk, actor=self.rui, reason=REASON)
        elif state == "refused":
            worlds.refused(self.cast, found)
        elif state == "withdrawn":
            sharing.withdraw(found.pk, actor=self.piotr)
        elif state == "lapsed":
            sharing.lapse(found.pk, actor=system())
        return found

    def _recipe(self, state: str) -> Any:
        found = library.save(actor=self.dana, name=f"A {state} recipe", steps=worlds.ANSWERS["recipe"])
        if state == "shared":
            library.share(found.pk, actor=self.dana, trust=self.cast.trust.pk)
        elif state == "retired":
            library.retire(found.pk, actor=self.dana)
        return found

    def _trial(self, state: str) -> Any:
        request = worlds.submitted(self.cast, self._agreement("in_force"))
        sharing.examine(request.pk, actor=self.rui)
        outbox.dispatch()
        if state == "done":
            worlds.drain()
        return request.trials.get()

    def _trace(self, state: str) -> Any:
        made = tracing.ask(actor=self.dana, dataset=self.dataset, file=worlds.upload())
        if state == "done":
            worlds.drain()
        return made

    def _job(self, state: str) -> Any:
        recipe = (
            [{"name": "cast", "params": {"column": "carrier", "to": "integer"}}] if state == "failed" else []
        )
        request = worlds.approved(self.cast, self._agreement("in_force"), recipe=recipe)
        outbox.dispatch()
        job = Job.objects.get(request=request)
        if state in ("done", "failed"):
            runner.run(job.pk, worker="test")
        elif state in ("running", "checking"):
            runs.claim(job.pk, actor=system(), worker="test")
            if state == "checking":
                runs.check(job.pk, actor=system(), attempt=1)
        elif state == "cancelled":
            runs.cancel(job.pk, actor=self.dana, reason=REASON)
        return job

    def _delivery(self, state: str) -> Any:
        found = worlds.delivered(self.cast, self._agreement("in_force")).deliveries.get()
        if state == "revoked":
            deliveries.revoke(found.pk, actor=self.dana, reason=REASON)
        elif state == "expired":
            deliveries.expire(found.pk, actor=system())
        return found

    def _membership(self, state: str) -> Any:
        """Of Elsewhere in the trust that Ada's office founded."""
        trust, elsewhere = self.cast.trust, self.cast.organisations["elsewhere"]
        trust.memberships.filter(organisation=elsewhere).delete()
        olga = self.cast.actor("olga")
        if state == "invited":
            return membership.invite(trust.pk, actor=self.ada, organisation=elsewhere, role="observer")
        found = membership.apply(trust.pk, actor=olga, role="observer", message="Please.")
        if state == "declined":
            membership.refuse(found.pk, actor=self.ada, reason=REASON)
        elif state == "left":
            membership.withdraw(found.pk, actor=olga)
        elif state != "applied":
            membership.admit(found.pk, actor=self.ada)
            if state == "suspended":
                membership.suspend(found.pk, actor=self.ada, reason=REASON)
            elif state == "expelled":
                worlds.heard(self.cast, found.pk, "olga")
                membership.expel(found.pk, actor=self.ada, reason=REASON)
        return found

    def _emergency(self, state: str) -> Any:
        found = worlds.opened(self.cast, datasets.register(actor=self.dana, title=f"Opened, {state}"))
        if state != "open":
            emergencies.close(found.pk, actor=self.cast.actor("olga"))
        if state == "justified":
            emergencies.justify(found.pk, actor=self.dana, reason=REASON)
        elif state == "unjustified":
            emergencies.object_to(found.pk, actor=self.dana, reason=REASON)
        return found

    def _grant(self, state: str) -> Any:
        found = worlds.granted(
            self.cast, "reviewer", "ines", datasets.register(actor=self.dana, title=f"A {state} right")
        )
        if state == "revoked":
            rights.revoke(found.pk, actor=self.dana, reason=REASON)
        elif state == "expired":
            rights.expire(found.pk, actor=system(), reason=REASON)
        return found

    def _member(self, state: str) -> Any:
        found = OrganisationMember.objects.get(user=self.cast.users["ines"])
        if state == "removed":
            organisations.remove(found.pk, actor=self.dana, reason=REASON)
        return found

    def _merger(self, state: str) -> Any:
        """Of a company that nobody of the cast belongs to, into Hudson."""
        found = worlds.company_that_merges()
        if state == "done":
            merging.agree(found.pk, actor=self.dana, name=found.leaving.name)
        elif state == "declined":
            merging.decline(found.pk, actor=self.dana, reason=REASON)
        elif state == "withdrawn":
            owner = Actor(
                user_id=found.author_id,
                name="Owner",
                organisation_id=found.leaving_id,
                roles=frozenset({"owner"}),
            )
            merging.withdraw(found.pk, actor=owner)
        return found

    def _witness(self, state: str) -> Any:
        found = worlds.witness(self.dana)
        if state == "withdrawn":
            watching.withdraw(found.pk, actor=self.dana, reason=REASON)
        return found

    def _split_view(self, state: str) -> Any:
        found = worlds.disagreed(state.encode().ljust(32, b"!"))
        if state == "acknowledged":
            operator = Actor(name="Operator", is_operator=True, user_id=self.ada.user_id)
            watching.acknowledge(found.pk, actor=operator, reason=REASON)
        return found

    def _deputyship(self, state: str) -> Any:
        members = OrganisationMember.objects.filter(organisation_id=self.dana.organisation_id, state="active")
        rui, dana = (members.get(user=self.cast.users[name]) for name in ("rui", "dana"))
        day = timezone.localdate() + timedelta(days=30 if state == "standing" else 60)
        found = people.name_deputy(rui.pk, actor=self.rui, deputy=dana, starts=day, until=day)
        if state == "ended":
            people.end_deputyship(found.pk, actor=self.dana)
        return found

    def _domain(self, state: str) -> Any:
        found = access.claim_domain(self.dana.organisation_id, actor=self.dana, name=f"{state}.example")
        operator = Actor(user_id=self.ada.user_id, name="Operator", is_operator=True)
        if state == "confirmed":
            access.confirm_domain(found.pk, actor=operator)
        elif state == "refused":
            access.refuse_domain(found.pk, actor=operator, reason=REASON)
        elif state == "released":
            access.release_domain(found.pk, actor=self.dana)
        return found

    def _provider(self, state: str) -> Any:
        """Tested means that a real one answered; `tests/test_sign_in.py` has it. Here only its answer is put in place."""
        hudson = self.cast.organisations["hudson"]
        found = hudson.signinproviders.exclude(state="removed").first()
        with (
            override_settings(SSO_HOSTS=["login.hudson.example"]),
            patch.object(sign_in, "_wrong_with", lambda row: ""),
        ):
            if found is None:
                found = sign_in.set_up_provider(
                    hudson.pk, actor=self.dana, issuer="https://login.hudson.example", client_id="c", client_secret="s"
                )  # fmt: skip
            if state == "on":
                sign_in.test_provider(found.pk, actor=self.dana)
            elif state == "removed":
                sign_in.remove_provider(found.pk, actor=self.dana)
        return found

    def _joining(self, state: str) -> Any:
        """Sam of Meridian asks to belong to Hudson as well."""
        hudson, sam = self.cast.organisations["hudson"], self.cast.users["sam"]
        if not hudson.domains.filter(state="confirmed", name="sam.example").exists():
            held = access.claim_domain(hudson.pk, actor=self.dana, name="sam.example")
            access.confirm_domain(
                held.pk, actor=Actor(name="Operator", is_operator=True, user_id=self.ada.user_id)
            )
            EmailAddress.objects.create(user=sam, email=sam.email, verified=True, primary=True)
        hudson.joinrequests.filter(state="asked").delete()
        found = access.ask_to_join(hudson, actor=self.cast.actor("sam"))
        if state == "withdrawn":
            access.withdraw_request(found.pk, actor=self.cast.actor("sam"))
        elif state == "declined":
            access.decline(found.pk, actor=self.dana, reason=REASON)
        elif state == "admitted":
            access.admit(found.pk, actor=self.dana, roles=["analyst"])
            organisations.remove(
                hudson.members.get(user=sam, state="active").pk, actor=self.dana, reason=REASON
            )
        return found

    def _review(self, state: str) -> Any:
        hudson = self.cast.organisations["hudson"]
        open_ = hudson.accessreviews.filter(state="open").first()
        found = open_ or access.review_access(hudson.pk, actor=self.dana)
        if state == "done":
            access.answer_review(found.pk, actor=self.dana)
        return found

    def _group(self, state: str) -> Any:
        members = OrganisationMember.objects.filter(organisation_id=self.dana.organisation_id, state="active")
        found = people.make_group(
            self.dana.organisation_id, actor=self.dana, name=f"Those of {state}", people=list(members)
        )
        if state == "dissolved":
            people.dissolve_group(found.pk, actor=self.dana)
        return found

    def _invitation(self, state: str) -> Any:
        found = organisations.invite(
            self.dana.organisation_id, actor=self.dana, email=f"{state}@new.example", roles=["analyst"]
        )
        if state == "withdrawn":
            organisations.withdraw_invitation(found.pk, actor=self.dana)
        elif state == "lapsed":
            found.__class__.objects.filter(pk=found.pk).update(expires=timezone.now() - timedelta(days=1))
            organisations.lapse_invitations(timezone.now())
        elif state == "accepted":
            from kernel.keys import open_secret
            from kernel.models import Outbox

            sealed = Outbox.objects.filter(topic="invitation.mail").latest("id").payload["sealed"]
            organisations.accept_invitation(
                found.pk, actor=self.cast.actor("olga"), secret=open_secret(sealed).decode()
            )
        return found

    def _token(self, state: str) -> Any:
        found, _ = organisations.issue_token(
            self.dana.organisation_id, actor=self.dana, name=state, scopes=["read"]
        )
        if state == "revoked":
            organisations.revoke_token(found.pk, actor=self.dana)
        return found
