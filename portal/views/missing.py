"""What an address that leads nowhere answers: a page to people, a problem document to programs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import page_not_found


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """RFC 9457 under `/api/`; elsewhere the page. Addresses of the API end without a slash, which is easily added."""
    if not request.path.startswith("/api/"):
        return page_not_found(request, exception)
    hint = (
        {"remedy": f"Addresses end without a slash: {request.path.rstrip('/')}"}
        if request.path.endswith("/")
        else {}
    )
    body = {"type": "urn:commonhold:problem:not-found", "code": "not-found", "title": "There is nothing here for you",
            "status": 404, **hint}  # fmt: skip
    return JsonResponse(body, status=404, content_type="application/problem+json")
