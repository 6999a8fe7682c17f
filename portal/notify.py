"""Who is told what: for each topic the people and the words. How they are told is theirs to choose (portal/notices)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.urls import reverse

from contracts.sharing import asked, reviewing
from kernel import registry
from kernel.keys import open_secret
from portal.models import Notice
from portal.notices import post, write
from portal.notices.reminders import WATCHES
from trusts.membership.models import Membership
from trusts.organisations import account_mail
from trusts.organisations.models import Invitation, User
from trusts.organisations.selectors import people_with, with_second_factor
from trusts.rights.models import trust_of
from trusts.rights.selectors import people_granted
from trusts.witnesses.handing_in import sentence

STEWARDS = frozenset({"owner", "steward"})
REVIEWERS = frozenset({"owner", "steward", "reviewer"})
OWNERS = frozenset({"owner"})
To = Callable[[Any], list[User]]


def _side(name: str, roles: frozenset[str]) -> To:
    """Whoever holds one of these roles there, also by a right on this one object."""

    def found(subject: Any) -> list[User]:
        organisation = getattr(subject, f"{name}_id")
        extra = people_granted(organisation, subject.grounds(), roles)
        return list({user.pk: user for user in (*people_with(organisation, roles), *extra)}.values())

    return found


def _author(subject: Any) -> list[User]:
    return [subject.author] if subject.author_id else []


def _both(subject: Any) -> list[User]:
    found = {
        u.pk: u for s in ("provider", "consumer") for u in people_with(getattr(subject, f"{s}_id"), STEWARDS)
    }
    return list(found.values())


def _to_sign(agreement: Any) -> list[User]:
    """Owners and stewards of those who sign with a key of their own and have not yet."""
    return [u for pk in agreement.unsigned() for u in people_with(pk, STEWARDS)]


def _turn(negotiation: Any) -> list[User]:
    """Those whose answer is missing: of a joint contract only the parties that have not accepted yet."""
    if negotiation.turn != "consumer" or negotiation.seats < 2:
        return _side(negotiation.turn, STEWARDS)(negotiation) if negotiation.turn else []
    waiting = negotiation.participants.filter(answer="open").values_list("organisation_id", flat=True)
    return [user for pk in waiting for user in people_with(pk, STEWARDS)]


def _not_the_turn(negotiation: Any) -> list[User]:
    """The side that waits for the other."""
    if negotiation.turn == "consumer":
        return list(people_with(negotiation.provider_id, STEWARDS))
    return [user for pk in negotiation.consumer_ids() for user in people_with(pk, STEWARDS)]


def _parties(negotiation: Any) -> list[User]:
    """The stewards of every party."""
    wanted = [negotiation.provider_id, *negotiation.consumer_ids()]
    return [user for pk in wanted for user in people_with(pk, STEWARDS)]


def _registrar(version: Any) -> list[User]:
    """Who registered the version; the stewards, if the portal itself did."""
    if version.registered_by_id:
        return [version.registered_by]
    return list(people_with(version.dataset.organisation_id, STEWARDS))


def _owners_of(organisations: Iterable[UUID]) -> list[User]:
    return [u for pk in organisations for u in people_with(pk, OWNERS)]


def _agreeing(exemption: Any) -> list[User]:
    """Whoever may agree to an exception, but for the person who asked."""
    found: list[User] = []
    if exemption.takes_second:
        found += people_with(exemption.provider_id, REVIEWERS)
    if exemption.takes_trustee:
        found += _trustees(exemption)
    return list({u.pk: u for u in found if u.pk != exemption.author_id}.values())


def _watching(emergency: Any) -> list[UUID]:
    """The trustees of the trust that the opened object belongs to."""
    subject = emergency.object
    trust = trust_of(subject)
    return list(trust.trustees()) if trust else []


def _voting(proposal: Any) -> list[User]:
    return _owners_of(s.organisation_id for s in proposal.seats.filter(barred=""))


def _not_voted(proposal: Any) -> list[User]:
    """The owners of those who have neither voted nor given their vote away."""
    return _owners_of(s.organisation_id for s in proposal.seats.filter(barred="", choice="", delegate=None))


def _fellows(membership: Any) -> list[User]:
    """Owners of the other members of its trust."""
    others = Membership.objects.filter(trust_id=membership.trust_id, state="active").exclude(
        organisation_id=membership.organisation_id
    )
    return _owners_of(others.values_list("organisation_id", flat=True))


def _trustees(membership: Any) -> list[User]:
    return _owners_of(membership.trust.trustees())


def _concerned(membership: Any) -> list[User]:
    """The owners of the member and of those who govern its trust, each once."""
    return _owners_of({membership.organisation_id, *membership.trust.trustees()})


def _what_now(agreement: Any) -> str:
    """Why a contract stopped, and what must be done now: each open duty with its date."""
    duties = list(agreement.duties.filter(state__in=["open", "late"]).order_by("due"))
    lines = [agreement.ended_because] if agreement.ended_because else []
    lines += [
        "No export can be requested, made or fetched under it now. Copies that were fetched stay bound by the contract."
    ]
    if duties:
        lines += ["", f"What {agreement.consumer.name} must do now:"]
        lines += [f"- {d.text}{f', by {d.due:%d %B %Y %H:%M %Z}' if d.due else ''}" for d in duties]
    return "\n".join(lines)


def _when(duty: Any) -> str:
    return f"Due: {duty.due:%d %B %Y %H:%M %Z}." if duty.due else ""


# topic → what the mail says besides, from the subject as it is now
MORE: dict[str, Callable[[Any], str]] = {
    "delivery.withdrawn": lambda d: f"It was made under contract {d.agreement.ref}. A filter may have left these rows out of it; {d.provider.name} knows which they are.",
    "agreement.stopped": _what_now, "duty.begun": _when, "duty.late": _when, "duty.reminder": _when,
    "duty.questioned": lambda d: d.question, "duty.escalated": _when,
    "organisation.second_factor": lambda o: f"From: {o.second_factor_from:%d %B %Y}." if o.second_factor_from else "",
    "access_review.begun": lambda r: f"{len(r.idle)} of {len(r.people_then)} people have not used it for {r.idle_days} days.",
    "emergency.opened": lambda e: f"{e.user}, operator, gave this reason: {e.reason}",
    "emergency.judged": lambda e: f"{e.state_label}: {e.verdict}",
    "grant.granted": lambda g: f"Why: {g.reason}\nUntil: {g.until:%d %B %Y %H:%M %Z}.",
    "grant.ending": lambda g: f"Until: {g.until:%d %B %Y %H:%M %Z}. Whoever needs it for longer can be given it anew once it has ended.",
    "grant.ended": lambda g: g.ended_because,
    "split_view.found": lambda s: f"{sentence(s)}.\nKeep your receipts and contracts, and ask the operator before you rely on the audit trail.",
    "split_view.answered": lambda s: s.answer,
}  # fmt: skip


def _named(delivery: Any) -> list[User]:
    """Who may fetch it, as long as they still belong to the receiver."""
    people = User.objects.filter(places__organisation_id=delivery.consumer_id, places__state="active")
    return list(people.filter(pk__in=delivery.request.named.values("user")).distinct())


def _not_fetched(delivery: Any) -> list[User]:
    """Of those who may fetch it, who has not."""
    fetched = set(delivery.downloads.values_list("user_id", flat=True))
    return [user for user in _named(delivery) if user.pk not in fetched]


def _not_signed(negotiation: Any) -> list[User]:
    """Owners and stewards of everybody whose signature is missing on one of its contracts."""
    return [user for one in negotiation.agreements.filter(state="signing") for user in _to_sign(one)]


def _asked(request: Any) -> list[User]:
    """Whoever the open stage of the review asks and has not answered."""
    return asked.people_asked(request)


def _asked_late(request: Any) -> list[User]:
    """As the stage says: those who are asked once more, or the owners besides."""
    owners = _owners_of([request.provider_id]) if reviewing.open_stage(request)["late"] == "owner" else []
    return list({u.pk: u for u in [*_asked(request), *owners]}.values())


def _let_lapse(request: Any) -> list[User]:
    """The owners on both sides: one let it lapse, the other waited."""
    return _owners_of([request.provider_id, request.consumer_id])


def _with_right(grant: Any) -> list[User]:
    """Who holds a right, and who gave it; the owners, if that person does not act for the organisation any more."""
    giver = grant.granted_by
    if (
        giver is None
        or not giver.places.filter(organisation_id=grant.organisation_id, state="active").exists()
    ):
        return [grant.user, *_owners_of([grant.organisation_id])]
    return [grant.user, giver]


def _unprotected(organisation: Any) -> list[User]:
    """The organisation's people without a second factor."""
    people = list(User.objects.filter(places__organisation=organisation, places__state="active").distinct())
    protected = with_second_factor([user.pk for user in people])
    return [user for user in people if user.pk not in protected]


def _all_who_answer(split: Any) -> list[User]:
    """Owners and auditors of every organisation, and the operators: the log is everybody's."""
    place = Q(places__state="active", places__roles__role__in=["owner", "auditor"])
    return list(User.objects.filter(place | Q(is_staff=True), is_active=True).distinct())


# topic → (machine, who is told, what it says)
TOPICS: dict[str, tuple[str, To, str]] = {
    "negotiation.turn": ("negotiation", _turn, "It is your turn to answer."),
    "negotiation.reminder": ("negotiation", _turn, "Your answer is due soon; without one it lapses."),
    "negotiation.time_asked": ("negotiation", _not_the_turn, "The other side asks for more time."),
    "negotiation.extended": ("negotiation", _turn, "You have more time to answer."),
    "negotiation.ended": ("negotiation", _parties, "It ended without a contract."),
    "negotiation.finalized": ("negotiation", _parties, "There is a contract, signed by all parties."),
    "agreement.replaced": ("agreement", _both, "Another contract replaced it. Open requests were carried over."),
    "agreement.to_sign": ("agreement", _to_sign, "The terms are accepted. It waits for your organisation's signature, made with your own key."),
    "agreement.unsigned": ("agreement", _both, "Not every party signed it. There is no contract."),
    "agreement.stopped": ("agreement", _both, "The contract was suspended or ended."),
    "agreement.resumed": ("agreement", _both, "The contract is in force again."),
    "agreement.columns_changed": ("agreement", _both, "A newer version of the data no longer has columns that the contract relies on. The contract runs on with its own version."),
    "duty.begun": ("duty", lambda d: _side("consumer", STEWARDS)(d.agreement), "A duty under your contract is due."),
    "duty.late": ("duty", lambda d: _both(d.agreement), "A duty is late."),
    "duty.reminder": ("duty", lambda d: _side("consumer", STEWARDS)(d.agreement), "A duty is due soon."),
    "duty.declared": ("duty", lambda d: _side("provider", STEWARDS)(d.agreement), "The partner says that it is done. Accept it, or ask back."),
    "duty.questioned": ("duty", lambda d: _side("consumer", STEWARDS)(d.agreement), "The provider asks back; the duty is open again."),
    "duty.late_for_trust": ("duty", lambda d: _owners_of(d.agreement.trust.trustees()), "A duty is late, and the contract says that the trust is told."),
    "request.submitted": ("request", _asked, "A request waits for your review."),
    "request.stage": ("request", _asked, "A request waits for your review."),
    "request.stage_late": ("request", _asked_late, "The time for this stage of a request's review is over."),
    "request.reassigned": ("request", asked.latest, "You are asked to review it in somebody else's place."),
    "request.returned": ("request", _author, "The provider has questions."),
    "request.refused": ("request", _author, "The provider refused it, with a reason."),
    "delivery.available": ("delivery", _named, "Your export is ready."),
    "delivery.withdrawn": ("delivery", _side("consumer", STEWARDS), "Rows of the data that this export was made from were withdrawn. Nothing is stopped by that; look what you have to do with your copies."),
    "job.failed": ("job", lambda j: list(people_with(j.consumer_id or j.holder_id, STEWARDS)), "A job could not finish."),
    "version.failed": ("version", _registrar, "It could not be read."),
    "version.answer_changed": ("version", lambda v: list(people_with(v.dataset.organisation_id, STEWARDS)), "A quality rule holds now that was broken, or is broken now that held."),
    "version.choosing": ("version", _registrar, "There are several tables in the file. Choose the one to read."),
    "exemption.asked": ("exemption", _agreeing, "An exception to the charter is asked for and waits for you."),
    "exemption.granted": ("exemption", _side("provider", STEWARDS), "The exception to the charter is granted."),
    "exemption.refused": ("exemption", _side("provider", STEWARDS), "The exception to the charter was refused, with a reason."),
    "trust.winding_up": ("trust", lambda t: _owners_of(t.memberships.exclude(state__in=["declined", "expelled"]).values_list("organisation_id", flat=True)), "The trust is being wound up. Nothing new begins in it; contracts and data go as its charter says."),
    "membership.invited": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "Your organisation is invited."),
    "membership.applied": ("membership", _trustees, "An organisation asks to join."),
    "merger.proposed": ("merger", lambda m: _owners_of([m.into_id]), "Another organisation wants to merge into yours. An owner agrees or declines."),
    "merger.answered": ("merger", lambda m: _owners_of([m.leaving_id, m.into_id]), "The proposed merger was answered."),
    "membership.admitted": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "Your organisation was admitted."),
    "membership.ended": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "The membership is suspended or has ended. Contracts in this trust are stopped."),
    "membership.condition": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "The trust set a condition for your membership."),
    "membership.probation": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "Your organisation's probation was set or extended, or is over."),
    "membership.hearing": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "Your organisation may be expelled. Read the grounds and reply."),
    "membership.hearing_closed": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "The hearing of your organisation was closed. It came to nothing."),
    "membership.role_asked": ("membership", _trustees, "The organisation asks for another role. Its reason stands on its page."),
    "membership.merged": ("membership", _fellows, "A member of your trust has merged into another organisation. Contracts with it go on under its name."),
    "membership.role_changed": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "The role of your organisation in the trust was changed."),
    "membership.role_kept": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "Your organisation keeps its role. Why stands in what happened, on its page."),
    "membership.replied": ("membership", _trustees, "The organisation has replied to the grounds."),
    "membership.notice": ("membership", _trustees, "A member has given notice."),
    "membership.silent": ("membership", _trustees, "A member has not been heard from for a long time."),
    "membership.refused": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "Your organisation was not admitted."),
    "proposal.opened": ("proposal", _voting, "The members are asked, and your organisation has a vote."),
    "proposal.concerns": ("proposal", lambda p: _owners_of(p.parties()["concerned"]), "The members vote on something that concerns your organisation. You have no vote on it, but you can read it and comment."),
    "proposal.closing": ("proposal", _not_voted, "The vote ends soon and your organisation has not voted."),
    "proposal.closed": ("proposal", lambda p: _owners_of(p.parties()["voter"]), "The vote is over; the result is there."),
    "deputyship.named": ("deputyship", lambda d: [d.deputy.user, d.member.user], "The deputy acts with the other's roles on the days that were chosen."),
    # What a date alone makes worth telling (portal/notices/reminders.py).
    "agreement.sign_reminder": ("negotiation", _not_signed, "A contract of it waits for your organisation's signature. Unsigned, it lapses soon."),
    "agreement.ending": ("agreement", _both, "The contract runs out soon. Renew it, or prepare what must be done at its end."),
    "request.reminder": ("request", _asked, "A request must be decided soon; else it lapses."),
    "request.answer_reminder": ("request", _author, "Answer the provider's questions soon; else the request lapses."),
    "request.lapsed": ("request", _let_lapse, "Nobody moved the request on in time, so it lapsed."),
    "duty.escalated": ("duty", lambda d: _owners_of([d.agreement.provider_id, d.agreement.consumer_id]), "The duty is still late."),
    "delivery.expiring": ("delivery", _not_fetched, "Your export expires within a day and you have not fetched it."),
    "membership.invited_reminder": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "The invitation still waits for your organisation's answer."),
    "membership.applied_reminder": ("membership", _trustees, "The application still waits for a decision."),
    "membership.condition_overdue": ("membership", _concerned, "The day of a condition is over, and it is still open."),
    "membership.hearing_reminder": ("membership", lambda m: list(people_with(m.organisation_id, OWNERS)), "The time to reply to the grounds is over soon."),
    "organisation.second_factor": ("organisation", _unprotected, "Everybody who acts for it needs a second factor from the day given. Set one up under My settings."),
    "domain.claimed": ("domain", lambda d: list(User.objects.filter(is_staff=True)), "An organisation claims this e-mail domain. Look for its TXT record, and confirm or refuse under Operate → Domains."),
    "domain.confirmed": ("domain", lambda d: list(people_with(d.organisation_id, OWNERS)), "The operator confirmed it."),
    "domain.refused": ("domain", lambda d: list(people_with(d.organisation_id, OWNERS)), "The operator did not confirm it. The audit trail has the reason."),
    "joining.asked": ("joining", lambda j: list(people_with(j.organisation_id, OWNERS)), "Someone with an address in your domain asks to join. Admit or decline."),
    "joining.admitted": ("joining", lambda j: [j.user], "You belong to the organisation now."),
    "joining.declined": ("joining", lambda j: [j.user], "The organisation declined."),
    "access_review.begun": ("access_review", lambda r: list(people_with(r.organisation_id, OWNERS)), "Say for each person whether they still need access."),
    "emergency.opened": ("emergency", lambda e: _owners_of([e.organisation_id, *_watching(e)]), "An operator of the portal opened it in an emergency and can read it for an hour. You can cut that off."),
    "emergency.closed": ("emergency", lambda e: _owners_of([e.organisation_id]), "The emergency opening is over. Say whether it was justified."),
    "emergency.judged": ("emergency", lambda e: [e.user, *_owners_of(_watching(e))], "The organisation concerned has judged the emergency opening."),
    "split_view.found": ("split_view", _all_who_answer, "Somebody holds a checkpoint of the audit log that this portal signed and that its log contradicts."),
    "split_view.answered": ("split_view", _all_who_answer, "The operator has said why two checkpoints of the audit log disagree."),
    "grant.granted": ("grant", lambda g: [g.user], "You were granted a right on one object."),
    "grant.ending": ("grant", _with_right, "A right on one object ends soon."),
    "grant.ended": ("grant", lambda g: [u for u in (g.user, g.granted_by) if u], "This right has ended."),
    "invitation.mail": ("invitation", lambda i: [], ""),
}  # fmt: skip


# topics that only say that something waits → the state in which it does
WAITING = {"request.submitted": "submitted", "request.stage": "submitted", "request.reassigned": "submitted"}


def send(topic: str, message: dict[str, Any]) -> int:
    """Tell those concerned of one topic, each in the way they chose; returns how many mails left at once.

    `message["once"]` is the same when the same message is told again: nobody is told twice. Raises OSError if the
    mail server is away.
    """
    if topic == "invitation.mail":
        return _invite(message)
    if topic == account_mail.TOPIC:
        return account_mail.send(message)
    subject = registry.entry(TOPICS[topic][0]).model._default_manager.filter(pk=UUID(message["id"])).first()
    # What a robot has answered meanwhile waits for nobody.
    if subject is None or (topic in WAITING and subject.state != WAITING[topic]):
        return 0
    return post.mail(told(topic, subject, message.get("once") or uuid4().hex))


def told(topic: str, subject: Any, once: str) -> list[Notice]:
    """The notices of one topic about one object, written once for each `once`."""
    machine, who, text = TOPICS[topic]
    people = [user for user in who(subject) if user is not None and user.is_active]
    return write.tell(topic, subject, machine, people, text, MORE.get(topic, lambda _: "")(subject), once)


def remind(now: datetime) -> int:
    """Tell what a date alone makes worth telling; returns of how many objects. Raises OSError if the mail server is away."""
    due = {f"{topic}:{row.pk}:{mark}": (topic, row) for watch in WATCHES for topic, row, mark in watch(now)}
    known = set(Notice.objects.filter(once__in=list(due)).values_list("once", flat=True))
    new = {once: found for once, found in due.items() if once not in known}
    for once, (topic, row) in new.items():
        post.mail(told(topic, row, once))
    return len(new)


def _invite(message: dict[str, Any]) -> int:
    invitation = (
        Invitation.objects.select_related("organisation").filter(pk=UUID(message["id"]), state="open").first()
    )
    if invitation is None:
        return 0
    secret = open_secret(message["sealed"]).decode()
    link = settings.SITE_URL + reverse("invitation", args=[invitation.pk, secret])
    body = (
        f"Hello,\n\n{invitation.organisation.name} invites you to act for it in Commonhold. "
        f"Open this link before {invitation.expires:%d %B %Y}:\n\n{link}\n\nIf you did not expect this, ignore it.\n"
    )
    EmailMessage(f"Invitation to {invitation.organisation.name}", body, to=[invitation.email]).send()
    return 1
