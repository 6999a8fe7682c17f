"""Verbs of organisations, people, invitations and tokens: the only writers."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.keys import seal_secret
from kernel.registry import performs
from kernel.roles import ROLE_LABELS
from kernel.transition import creation, transition
from trusts.organisations import keys, robots
from trusts.organisations.facts import place_facts
from trusts.organisations.machines import INVITATION, MEMBER, ORGANISATION, TOKEN
from trusts.organisations.models import (
    ApiToken,
    Invitation,
    MemberRole,
    Organisation,
    OrganisationMember,
    User,
)
from trusts.organisations.people import forget_place
from trusts.organisations.rules import an_owner_stays


def free_slug(model: Any, name: str) -> str:
    """A slug nobody has yet, made from a name."""
    base = slugify(name)[:70] or "item"
    slug, number = base, 2
    while model.objects.filter(slug=slug).exists():
        slug, number = f"{base}-{number}", number + 1
    return slug


@performs(ORGANISATION, "found")
def found(
    *, actor: Actor, name: str, kind: str = "company", country: str = "DE", about: str = "", **more: Any
) -> Organisation:
    """A new organisation whose first owner is the founder; it gets a signing key. Raises Refused."""
    if Organisation.objects.filter(name__iexact=name.strip()).exists():
        raise Refused.because(
            "organisation.name_taken",
            f"There is already an organisation called {name}",
            remedy="Ask its owner for an invitation, or choose another name",
            field="name",
        )
    organisation = Organisation(
        name=name.strip(), slug=free_slug(Organisation, name), kind=kind, country=country, about=about, **more
    )
    with transaction.atomic():
        with creation(ORGANISATION, "found", organisation, actor=actor):
            pass
        keys.make(organisation)
        join(organisation, User.objects.get(pk=actor.user_id), list(ROLE_LABELS)[:4], actor=actor)
    return organisation


@performs(ORGANISATION, "merge")
def merge(organisation_id: UUID, *, actor: Actor, into: Organisation) -> Organisation:
    """From now on it is part of another: it finishes what it signed and begins nothing. See trusts/mergers."""
    with transition(ORGANISATION, "merge", organisation_id, actor=actor) as change:
        change.subject.merged_into = into
        change.detail = {"into": into.name}
        change.also_parties.add(into.pk)
    return change.subject


def join(organisation: Organisation, user: User, roles: list[str], *, actor: Actor) -> OrganisationMember:
    """Give a person a place with roles. Called by founding and by accepting an invitation."""
    member = OrganisationMember(organisation=organisation, user=user)
    with creation(MEMBER, "join", member, actor=actor) as change:
        change.detail = {"roles": sorted(roles), "person": user.get_full_name()}
    MemberRole.objects.bulk_create(MemberRole(member=member, role=role) for role in sorted(set(roles)))
    return member


@performs(INVITATION, "send")
def invite(
    organisation_id: UUID, *, actor: Actor, email: str, roles: list[str], seen: int | None = None
) -> Invitation:
    """Invite a person by e-mail for 14 days. The link's secret leaves by mail only."""
    secret = secrets.token_urlsafe(32)
    invitation = Invitation(
        organisation_id=organisation_id,
        email=email.lower(),
        roles=sorted(set(roles)),
        token_hash=hashlib.sha256(secret.encode()).hexdigest(),
        expires=timezone.now() + timedelta(days=14),
        invited_by_id=actor.user_id,
    )
    with creation(INVITATION, "send", invitation, actor=actor) as change:
        # The secret is needed once, by the mailer, and kept sealed until then.
        change.publish("invitation.mail", id=str(invitation.pk), sealed=seal_secret(secret.encode()))
    return invitation


@performs(INVITATION, "accept")
def accept_invitation(invitation_id: UUID, *, actor: Actor, secret: str) -> OrganisationMember:
    """Join by the link that was mailed. Raises Refused if it is not (or no longer) good."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    with transition(INVITATION, "accept", invitation_id, actor=actor) as change:
        invitation: Invitation = change.subject
        if not secrets.compare_digest(digest, invitation.token_hash) or invitation.expires < timezone.now():
            raise Refused.because(
                "invitation.stale", "This invitation is no longer good", remedy="Ask for a new one"
            )
        if OrganisationMember.objects.filter(
            organisation=invitation.organisation, user_id=actor.user_id, state="active"
        ).exists():
            raise Refused.because(
                "member.already", "You already belong to this organisation", remedy="Sign in as usual"
            )
        user = User.objects.get(pk=actor.user_id)
        return join(
            invitation.organisation, user, invitation.roles, actor=system("Commonhold", door=actor.door)
        )


@performs(TOKEN, "issue")
def issue_token(
    organisation_id: UUID,
    *,
    actor: Actor,
    name: str,
    scopes: list[str],
    days: int = 90,
    seen: int | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its secret, which is shown once and never stored."""
    secret = f"ch_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        organisation_id=organisation_id,
        user_id=actor.user_id,
        name=name,
        prefix=secret[:10],
        secret_hash=hashlib.sha256(secret.encode()).hexdigest(),
        scopes=sorted(set(scopes)),
        expires=timezone.now() + timedelta(days=days),
    )
    with creation(TOKEN, "issue", token, actor=actor):
        pass
    return token, secret


@performs(MEMBER, "join")
def _join(**_: Any) -> None:
    """Joining happens by `join`, called from founding and from an accepted invitation."""


@performs(ORGANISATION, "edit")
def edit(organisation_id: UUID, *, actor: Actor, seen: int | None = None, **values: Any) -> Organisation:
    """Change the public profile."""
    with transition(ORGANISATION, "edit", organisation_id, actor=actor, seen=seen) as change:
        for name, value in values.items():
            setattr(change.subject, name, value)
    return change.subject


@performs(ORGANISATION, "invite")
def invite_person(
    organisation_id: UUID, *, actor: Actor, email: str, roles: list[str], seen: int | None = None
) -> Invitation:
    """Invite through the organisation's page: recorded there, sent by `invite`."""
    with transition(ORGANISATION, "invite", organisation_id, actor=actor) as change:
        member = OrganisationMember.objects.filter(
            organisation_id=organisation_id, user__email=email.lower(), state="active"
        )
        if member.exists():
            raise Refused.because(
                "member.already",
                f"{email} already belongs to the organisation",
                remedy="Change their roles instead",
                field="email",
            )
        change.detail = {"roles": sorted(set(roles))}
        return invite(organisation_id, actor=actor, email=email, roles=roles)


@performs(ORGANISATION, "make_token")
def make_token(
    organisation_id: UUID, *, actor: Actor, name: str, scopes: list[str], days: int, seen: int | None = None
) -> tuple[ApiToken, str]:
    """Create a token through the organisation's page; its secret is returned once."""
    with transition(ORGANISATION, "make_token", organisation_id, actor=actor) as change:
        change.detail = {"name": name, "scopes": sorted(set(scopes)), "days": days}
        return issue_token(organisation_id, actor=actor, name=name, scopes=scopes, days=days)


@performs(MEMBER, "change_roles")
def change_roles(
    member_id: UUID, *, actor: Actor, roles: list[str], seen: int | None = None
) -> OrganisationMember:
    """Set someone's roles. Raises Refused if the last owner would lose that role."""
    with transition(MEMBER, "change_roles", member_id, actor=actor, seen=seen) as change:
        member: OrganisationMember = change.subject
        if "owner" not in roles:
            decision = an_owner_stays(place_facts(member, actor))
            if not decision.allowed:
                raise Refused(decision)
        member.roles.all().delete()
        MemberRole.objects.bulk_create(MemberRole(member=member, role=role) for role in sorted(set(roles)))
    return member


@performs(MEMBER, "remove")
def remove(member_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> OrganisationMember:
    """End someone's place; their next click acts for the organisation no more."""
    with transition(MEMBER, "remove", member_id, actor=actor, seen=seen, reason=reason) as change:
        _revoke_tokens(change.subject, actor)
        forget_place(change.subject, sessions=True)
    return change.subject


@performs(MEMBER, "deprovision")
def deprovision(member_id: UUID, *, actor: Actor) -> OrganisationMember:
    """End someone's place because the organisation's directory says so: roles, tokens, deputyships, sessions at once."""
    reason = "The organisation's directory ended the person's access"
    with transition(MEMBER, "deprovision", member_id, actor=actor, reason=reason) as change:
        _revoke_tokens(change.subject, actor)
        forget_place(change.subject, sessions=True)
    return change.subject


def forget_for_directory(member: OrganisationMember) -> None:
    """The directory deleted the person and is told of this place no more. It changes nothing else."""
    OrganisationMember.objects.filter(pk=member.pk).update(deleted_by_directory=True)


@performs(MEMBER, "leave")
def leave(member_id: UUID, *, actor: Actor, reason: str = "", seen: int | None = None) -> OrganisationMember:
    with transition(MEMBER, "leave", member_id, actor=actor, seen=seen, reason=reason) as change:
        _revoke_tokens(change.subject, actor)
        forget_place(change.subject)
    return change.subject


def _revoke_tokens(member: OrganisationMember, actor: Actor) -> None:
    for pk in ApiToken.objects.filter(
        organisation_id=member.organisation_id, user_id=member.user_id, state="active"
    ).values_list("pk", flat=True):
        with transition(TOKEN, "revoke", pk, actor=actor, reason="Its owner left the organisation"):
            pass


@performs(INVITATION, "withdraw")
def withdraw_invitation(invitation_id: UUID, *, actor: Actor, seen: int | None = None) -> Invitation:
    with transition(INVITATION, "withdraw", invitation_id, actor=actor, seen=seen) as change:
        pass
    return change.subject


@performs(INVITATION, "lapse")
def lapse_invitation(invitation_id: UUID, *, actor: Actor, seen: int | None = None) -> Invitation:
    with transition(INVITATION, "lapse", invitation_id, actor=actor) as change:
        pass
    return change.subject


def lapse_invitations(now: datetime) -> int:
    """Let invitations lapse that nobody used in time; returns how many."""
    moved, due = 0, Invitation.objects.filter(state="open", expires__lt=now)
    for pk in due.values_list("pk", flat=True)[:200]:
        try:
            lapse_invitation(pk, actor=robots.actor("lapse_invitations"))
            moved += 1
        except Refused:
            continue
    return moved


@performs(TOKEN, "revoke")
def revoke_token(token_id: UUID, *, actor: Actor, seen: int | None = None) -> ApiToken:
    with transition(TOKEN, "revoke", token_id, actor=actor, seen=seen) as change:
        pass
    return change.subject


def change_me(user_id: UUID, *, name: str, zone: str) -> None:
    """One's own name and time zone; no organisation is concerned, so no event is written."""
    User.objects.filter(pk=user_id).update(name=name, zone=zone)
