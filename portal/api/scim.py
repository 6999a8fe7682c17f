"""A directory reads an organisation's people and ends their access: a part of SCIM 2.0 (RFC 7643, RFC 7644).

Users can be listed, found by name, read, deactivated and deleted. They are not made here: joining takes an invitation or
a person who asks, and who was removed comes back the same way.
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.actor import Actor
from kernel.audit.record import record_refusal
from kernel.decision import Refused
from portal.api.parsers import StrictJSON
from trusts.organisations.machines import MEMBER
from trusts.organisations.models import OrganisationMember
from trusts.organisations.selectors import directory
from trusts.organisations.services import deprovision, forget_for_directory

SCOPE = "people"
MOST = 200
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
FILTER = re.compile(r'^\s*(userName|active)\s+eq\s+("(?:[^"\\]|\\.)*"|true|false)\s*$', re.IGNORECASE)


class ScimJSON(StrictJSON):
    media_type = "application/scim+json"


class ScimRenderer(JSONRenderer):
    media_type = "application/scim+json"


class ScimFault(Exception):
    """An error as RFC 7644, section 3.12, writes it."""

    def __init__(self, code: int, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.kind = code, detail, kind


@extend_schema(exclude=True)
class ScimView(APIView):
    """What all of it shares: media type, scope, errors."""

    parser_classes = (ScimJSON, StrictJSON)
    renderer_classes = (ScimRenderer, JSONRenderer)

    @property
    def actor(self) -> Actor:
        found: Actor = self.request.user.actor  # type: ignore[union-attr]
        return found

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if SCOPE not in (self.actor.scopes or ()):
            raise ScimFault(403, f"The token needs the scope {SCOPE}; an owner creates one that has it.")

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, ScimFault):
            return _error(exc.code, exc.detail, exc.kind)
        if isinstance(exc, Http404):
            return _error(404, "There is no such user.")
        if isinstance(exc, exceptions.APIException):
            kind = "invalidSyntax" if exc.status_code == 400 else ""
            found = _error(exc.status_code, str(exc.detail), kind)
            if exc.status_code == 401:
                found["WWW-Authenticate"] = "Bearer"
            return found
        raise exc

    def person(self, pk: UUID) -> OrganisationMember:
        found = directory(self.actor).filter(pk=pk).first()
        if found is None:
            raise Http404
        return found


def _error(code: int, detail: str, kind: str = "") -> Response:
    body = {"schemas": [ERROR], "status": str(code), "detail": detail}
    return Response(body | ({"scimType": kind} if kind else {}), status=code)


def as_user(member: OrganisationMember) -> dict[str, Any]:
    """A person's place as a SCIM user; `userName` is the e-mail address, `active` whether they belong."""
    return {
        "schemas": [USER],
        "id": str(member.pk),
        "userName": member.user.email,
        "displayName": member.user.get_full_name(),
        "name": {"formatted": member.user.get_full_name()},
        "active": member.state == "active",
        "emails": [{"value": member.user.email, "primary": True}],
        "roles": [{"value": code} for code in (member.role_codes if member.state == "active" else [])],
        "meta": {
            "resourceType": "User",
            "created": member.created.isoformat(),
            "lastModified": member.changed.isoformat(),
            "location": settings.SITE_URL + reverse("scim_user", args=[member.pk]),
        },
    }


def filtered(found: QuerySet[OrganisationMember], text: str) -> QuerySet[OrganisationMember]:
    """By `userName eq "…"` or `active eq true`. Raises ScimFault for anything else."""
    match = FILTER.match(text)
    try:
        value = json.loads(match[2].lower() if match[2][0] != '"' else match[2]) if match else None
    except ValueError:
        value = None
    if match is not None and match[1].lower() == "username" and isinstance(value, str):
        return found.filter(user__email=value.lower()) if "\x00" not in value else found.none()
    if match is not None and match[1].lower() == "active" and isinstance(value, bool):
        return found.filter(state="active") if value else found.exclude(state="active")
    raise ScimFault(400, 'Only userName eq "…" and active eq true or false can be asked.', "invalidFilter")


def _number(request: Request, name: str, usual: int) -> int:
    given = request.query_params.get(name, str(usual))
    if not re.fullmatch(r"-?\d{1,9}", given):
        raise ScimFault(400, f"{name} must be a number.", "invalidValue")
    return int(given)


class Users(ScimView):
    def get(self, request: Request) -> Response:
        """RFC 7644, section 3.4.2: `filter`, `startIndex` from 1, `count` at most 200. Three queries."""
        found = directory(self.actor).order_by("created", "pk")
        if "filter" in request.query_params:
            found = filtered(found, request.query_params["filter"])
        start = max(1, _number(request, "startIndex", 1))
        count = min(MOST, max(0, _number(request, "count", 100)))
        users = [as_user(member) for member in found[start - 1 : start - 1 + count]]
        body = {"schemas": [LIST], "totalResults": found.count(), "startIndex": start}
        return Response(body | {"itemsPerPage": len(users), "Resources": users})

    def post(self, request: Request) -> Response:
        raise ScimFault(
            501, "People are not made here: invite them, or let them ask to join by their e-mail domain."
        )


class User(ScimView):
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(as_user(self.person(pk)))

    def patch(self, request: Request, pk: UUID) -> Response:
        """RFC 7644, section 3.5.2. Only `active` can be set, and only to false."""
        member = self.person(pk)
        if not _active_after(request.data, member.state == "active"):
            self._end(member, forget=False)
        elif member.state != "active":
            raise ScimFault(400, "Who was removed comes back by an invitation.", "mutability")
        return Response(as_user(self.person(pk)))

    def delete(self, request: Request, pk: UUID) -> Response:
        """RFC 7644, section 3.6: afterwards the directory finds the person no more; the audit trail still does."""
        self._end(self.person(pk), forget=True)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _end(self, member: OrganisationMember, *, forget: bool) -> None:
        try:
            with transaction.atomic():
                if member.state == "active":
                    deprovision(member.pk, actor=self.actor)
                if forget:
                    forget_for_directory(member)
        except Refused as refused:
            record_refusal(MEMBER.name, "deprovision", member, self.actor, refused.decision)
            code = 403 if refused.decision.reasons[0].code == "member.role" else 409
            raise ScimFault(code, refused.decision.sentence) from refused


def _active_after(body: Any, now: bool) -> bool:
    """What the operations make of `active`. Raises ScimFault for what is no such patch."""
    operations = body.get("Operations") if isinstance(body, dict) else None
    if not isinstance(operations, list) or PATCH not in body.get("schemas", []):
        raise ScimFault(400, f"A patch has the schema {PATCH} and a list of Operations.", "invalidSyntax")
    for one in operations:
        if not isinstance(one, dict) or str(one.get("op", "")).lower() not in ("replace", "add"):
            raise ScimFault(400, "Only replace can be done.", "invalidSyntax")
        path, value = one.get("path"), one.get("value")
        given = {path: value} if path else value
        if not isinstance(given, dict) or {str(name).lower() for name in given} != {"active"}:
            raise ScimFault(400, "Only active can be changed.", "mutability")
        # Some directories send the words "True" and "False".
        answer = {"true": True, "false": False}.get(str(next(iter(given.values()))).lower())
        if answer is None:
            raise ScimFault(400, "active is true or false.", "invalidValue")
        now = answer
    return now


class ServiceProviderConfig(ScimView):
    def get(self, request: Request) -> Response:
        """RFC 7643, section 5: what can be done here."""
        no = {"supported": False}
        return Response(
            {
                "schemas": [CONFIG], "patch": {"supported": True}, "filter": {"supported": True, "maxResults": MOST},
                "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0}, "changePassword": no, "sort": no, "etag": no,
                "authenticationSchemes": [
                    {"type": "oauthbearertoken", "name": "Token", "description": f"A token of the organisation with the scope {SCOPE}"}
                ],
            }
        )  # fmt: skip
