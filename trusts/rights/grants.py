"""The only file that talks to django-guardian: a grant's permission is set and removed here, in the caller's transaction."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, remove_perm

from trusts.rights.kinds import KINDS
from trusts.rights.models import Grant


def _permission(grant: Grant) -> Permission:
    """The permission of this kind on the object's model; made when it is first needed."""
    kind = KINDS[grant.kind]
    found, _ = Permission.objects.get_or_create(
        content_type=ContentType.objects.get_for_model(type(grant.object)),
        codename=kind.permission,
        defaults={"name": kind.label},
    )
    return found


def give(grant: Grant) -> None:
    """Make the grant's permission, and let the grant name it."""
    row: UserObjectPermission = assign_perm(_permission(grant), grant.user, grant.object)
    grant.permission = row


def take(grant: Grant) -> None:
    """Remove the permission, unless another organisation has granted the same person the same."""
    kept = Grant.objects.filter(
        user_id=grant.user_id, kind=grant.kind, object_id=grant.object_id, state="active"
    ).exclude(pk=grant.pk)
    grant.permission = None
    if not kept.exists():
        remove_perm(_permission(grant), grant.user, grant.object)


def holds(user: Any, kind: str, subject: Any) -> bool:
    """Whether guardian's own table says so; for tests and the shell. The portal reads `selectors.granted_to`."""
    return UserObjectPermission.objects.filter(
        user=user,
        permission__codename=KINDS[kind].permission,
        permission__content_type=ContentType.objects.get_for_model(type(subject)),
        object_pk=str(subject.pk),
    ).exists()
