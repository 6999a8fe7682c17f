"""Every error as problem+json (RFC 9457): what is wrong, where, what to do."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from kernel.decision import Refused
from kernel.doors import NotValid
from kernel.transition import Stale


def problem(code: str, title: str, http: int, **more: Any) -> Response:
    """A problem document; `type` is a stable URN, `code` its short name."""
    body = {"type": f"urn:commonhold:problem:{code}", "code": code, "title": title, "status": http, **more}
    return Response(body, status=http, content_type="application/problem+json")


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler."""
    if isinstance(error, NotValid):
        fields = {
            name: [{"code": item["code"], "text": item["message"]} for item in items]
            for name, items in error.form.errors.get_json_data().items()
        }
        return problem("invalid", "The input has errors", status.HTTP_422_UNPROCESSABLE_ENTITY, fields=fields)
    if isinstance(error, Stale):
        return problem(
            "stale", error.decision.sentence, 409, version=error.subject.version, state=error.subject.state
        )
    if isinstance(error, Refused):
        return problem("refused", error.decision.sentence, 409, **error.decision.as_dict())
    if isinstance(error, Http404):
        return problem("not-found", "There is nothing here for you", 404)
    if isinstance(error, PermissionDenied):
        return problem("forbidden", str(error) or "This is not for you", 403)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        answer = problem(
            "invalid", "The input has errors", response.status_code, fields=error.get_full_details()
        )
    else:
        code = error.default_code if isinstance(error, APIException) else "error"
        detail = getattr(error, "detail", "")
        answer = problem(str(code), str(detail), response.status_code)
    for header in ("WWW-Authenticate", "Retry-After", "Allow"):
        if header in response:
            answer[header] = response[header]
    return answer
