"""`Idempotency-Key`: the same POST twice does the thing once and answers the same."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.decision import Refused
from kernel.models import IdempotencyRecord


def _fingerprint(request: Request) -> str:
    body = request.body if not request.content_type.startswith("multipart/") else b"multipart"
    return hashlib.sha256(f"{request.method} {request.path} ".encode() + body).hexdigest()


class IdempotentPosts:
    """Mixin for API views. Keys belong to a token; one key means one request and one answer.

    Answers of 2xx are kept; a refused or invalid request may be corrected and sent again with
    the same key. A key that is used for another request is refused.
    """

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
        if not key:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        self._key = key[:200]
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        key = getattr(self, "_key", "")
        if not key or request.method != "POST":
            return
        token, print_ = request.user.token, _fingerprint(request)
        try:
            with transaction.atomic():
                self._record = IdempotencyRecord.objects.create(
                    token_id=token.pk, key=key, request_hash=print_
                )
        except IntegrityError:
            kept = IdempotencyRecord.objects.get(token_id=token.pk, key=key)
            if kept.request_hash != print_:
                raise Refused.because(
                    "idempotency.reused",
                    "This Idempotency-Key was used for another request",
                    remedy="Use a new key",
                ) from None
            if kept.status is None:
                raise Refused.because(
                    "idempotency.running",
                    "The first request with this key is still running",
                    remedy="Ask again in a moment",
                ) from None
            raise Answered(kept) from None

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Answered):
            return Response(exc.kept.body, status=exc.kept.status, headers={"Idempotent-Replay": "true"})
        return super().handle_exception(exc)  # type: ignore[misc,no-any-return]

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        record = getattr(self, "_record", None)
        if record is not None:
            if 200 <= answer.status_code < 300:
                record.status, record.body = answer.status_code, _jsonable(answer)
                if hasattr(answer, "kept"):
                    record.body = _rendered(answer.kept)
                record.save(update_fields=["status", "body"])
            else:
                record.delete()
        return answer


def _jsonable(answer: Any) -> Any:
    return _rendered(getattr(answer, "data", None))


def _rendered(data: Any) -> Any:
    import json

    from rest_framework.renderers import JSONRenderer

    return json.loads(JSONRenderer().render(data) or b"null")


class Answered(Exception):
    def __init__(self, kept: IdempotencyRecord) -> None:
        super().__init__("answered before")
        self.kept = kept
