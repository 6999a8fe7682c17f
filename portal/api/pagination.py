"""Pages of lists: numbered ones with a count, and those of the trail, which go from one entry to the next."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from kernel.audit import trail


class Pages(PageNumberPagination):
    """`?page=2&page_size=100`, with links and the count of what one may see."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class TrailPages(BasePagination):
    """`?older=…&page_size=100`: the entries older than a place in the trail. Nothing is counted and nothing skipped, so that
    a page costs the same in a log of a hundred entries and of a million.

    The links hold the places; nobody has to make one. A page may hold fewer entries than were asked for, even none, where
    the search went as far as one page may: `next` then leads on, and only null is the end.
    """

    def paginate_queryset(self, queryset: trail.Wanted, request: Request, view: Any = None) -> list[Any]:
        """`queryset`: what is wanted of the trail, which reads it by itself. Raises ValidationError."""
        given, self.address = request.query_params, request.build_absolute_uri()
        if "page" in given:
            raise ValidationError({"page": ["The trail has no numbered pages: follow `next`."]})
        newer = "newer" in given
        at = _place(given, "newer" if newer else "older")
        self.page = trail.page(view.actor, queryset, at=at, newer=newer, size=_size(given.get("page_size")))
        return self.page.events

    def get_paginated_response(self, data: Any) -> Response:
        older = self.page.older or self.page.looked_until
        return Response({"next": self._link("older", older), "previous": self._link("newer", self.page.newer), "results": data})  # fmt: skip

    def _link(self, name: str, at: trail.Key | None) -> str | None:
        if at is None:
            return None
        plain = remove_query_param(remove_query_param(self.address, "older"), "newer")
        return str(replace_query_param(plain, name, str(at)))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "Older entries; null at the end of the trail"},
                "previous": {
                    **link,
                    "description": "Newer entries; null on the newest page asked for without a place",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        told = {
            "older": ("string", "Entries older than this place, as `next` names it"),
            "newer": ("string", "Entries newer than this place, as `previous` names it"),
            "page_size": ("integer", f"Entries on a page, at most {Pages.max_page_size}"),
        }
        return [
            {"name": name, "required": False, "in": "query", "description": text, "schema": {"type": kind}}
            for name, (kind, text) in told.items()
        ]


def _place(given: Any, name: str) -> trail.Key | None:
    text = given.get(name)
    try:
        return trail.Key.read(text) if text else None
    except (ValueError, OverflowError):
        raise ValidationError(
            {name: ["This is no place in the trail: follow `next` and `previous`."]}
        ) from None


def _size(text: str | None) -> int:
    """As in `Pages`: what is no number is not asked for."""
    if not text or not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        return Pages.page_size
    return min(int(text), Pages.max_page_size)
