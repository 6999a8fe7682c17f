"""The log for anyone, without signing in: its newest checkpoint, its keys, proofs, and the place where witnesses co-sign."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.audit import keyring, notes, proofs
from kernel.audit import selectors as audit
from kernel.audit.models import Checkpoint, Leaf
from portal.api import serializers as out
from portal.api.problems import problem
from trusts.witnesses import handing_in, selectors
from trusts.witnesses.models import Witness

MOST_DIGITS = 18
PLAIN = "text/plain; charset=utf-8"


class PlainText(BaseRenderer):
    """For those who ask for text/plain; problems stay JSON."""

    media_type, format, charset = "text/plain", "txt", "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return (data if isinstance(data, str) else json.dumps(data)).encode()


class NoteText(BaseParser):
    """The body as text, up to the most that a checkpoint may take. Raises ParseError."""

    media_type = "text/plain"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> str:
        raw = stream.read(handing_in.MOST_BYTES + 1)
        if len(raw) > handing_in.MOST_BYTES:
            raise ParseError(f"The body is longer than {handing_in.MOST_BYTES} bytes")
        try:
            return str(raw.decode())
        except UnicodeDecodeError:
            raise ParseError("The body is not text in UTF-8") from None


class Open(APIView):
    """Readable by anyone: the log names nobody and holds no values."""

    authentication_classes: list[type] = []
    permission_classes: list[type] = []


class Bad(ParseError):
    """400 with a sentence."""


class NewestCheckpoint(Open):
    renderer_classes = [JSONRenderer, PlainText]

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR, 404: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Any:
        """The newest checkpoint as a signed note (C2SP tlog-checkpoint), with the co-signatures under it."""
        head = audit.head()
        if head is None:
            return problem("empty", "This log has sealed nothing yet", 404)
        return HttpResponse(selectors.cosigned(head), content_type=PLAIN)


class Keys(Open):
    @extend_schema(responses=out.LogKeysOut)
    def get(self, request: Request) -> Response:
        """Which key signed which stretch of the log, each handed over by the one before; and who co-signs."""
        key = keyring.portal_key().public_key()
        return Response(
            {
                "origin": settings.PORTAL_ORIGIN,
                "verifier_key": notes.verifier_key(settings.PORTAL_ORIGIN, key),
                "keys": keyring.published(),
                "witnesses": [w.verifier_key for w in Witness.objects.filter(state="active")],
            }
        )


SIZES = [OpenApiParameter(name, int, required=True, description=text) for name, text in (("from", "Size of the earlier log"), ("to", "Size of the later log"))]  # fmt: skip


class Consistency(Open):
    @extend_schema(parameters=SIZES, responses={200: out.ConsistencyOut, 400: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        """The proof that the log of `from` entries is the beginning of the log of `to` (RFC 9162, 2.1.4), hashes in hex."""
        first, second = _size(request, "from"), _size(request, "to")
        if first > second:
            raise Bad("from is larger than to")
        try:
            proof = proofs.consistency(first, second)
        except KeyError:
            return _damaged()
        return Response({"from": first, "to": second, "proof": proof})


class Inclusion(Open):
    @extend_schema(
        parameters=[OpenApiParameter("size", int, description="Of the log; without it, the newest checkpoint's")],
        responses={200: out.InclusionOut, 400: OpenApiTypes.OBJECT, 404: OpenApiTypes.OBJECT},
    )  # fmt: skip
    def get(self, request: Request, leaf_hash: str) -> Response:
        """The proof that an entry is in the log of that size (RFC 9162, 2.1.3), hashes in hex, from the leaf's side up."""
        leaf = Leaf.objects.filter(leaf_hash=leaf_hash.lower()).first()
        if leaf is None:
            return problem("not-found", "The log has no entry with this hash", 404)
        size = _size(request, "size", _head().size)
        if leaf.index >= size:
            raise Bad(f"This entry is number {leaf.index} and not in a log of {size}")
        try:
            path = proofs.inclusion(leaf, Checkpoint(size=size)).path
        except KeyError:
            return _damaged()
        return Response({"index": leaf.index, "leaf_hash": leaf.leaf_hash, "size": size, "path": list(path)})


class Cosign(Open):
    parser_classes = [NoteText]

    @extend_schema(
        request={"text/plain": OpenApiTypes.STR},
        responses={200: out.CosignedOut, 400: OpenApiTypes.OBJECT, 403: OpenApiTypes.OBJECT, 409: OpenApiTypes.OBJECT, 415: OpenApiTypes.OBJECT},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Hand in a checkpoint of this log: with co-signatures of witnesses, which are kept; or one that disagrees with the log.

        403: no line is of an active witness. 409: the checkpoint is signed by this log and cannot be true beside what it
        holds; both are kept and everybody is told. The same again changes nothing.
        """
        if not isinstance(request.data, str) or not request.data:
            raise Bad("Send the checkpoint as text/plain")
        try:
            taken = handing_in.take(request.data)
        except handing_in.Unfit as why:
            return problem(why.code, str(why), 403 if why.foreign else 400)
        except handing_in.Disagrees as found:
            return problem("split-view", str(found), 409, size=found.split.size, ours=found.split.ours)
        return Response({"size": taken.size, "kept": taken.kept, "known": taken.known, "left_out": taken.left_out})  # fmt: skip


def _damaged() -> Response:
    return problem("damaged", "The log cannot prove this: entries that it needs are gone. The operator must run verify_log", 409)  # fmt: skip


def _head() -> Checkpoint:
    head = audit.head()
    if head is None:
        raise Bad("This log has sealed nothing yet")
    return head


def _size(request: Request, name: str, otherwise: int | None = None) -> int:
    """A size from the address, at most that of the newest checkpoint. Raises Bad."""
    given = request.query_params.get(name)
    if given is None and otherwise is not None:
        return otherwise
    if given is None or not (given.isascii() and given.isdigit() and len(given) <= MOST_DIGITS):
        raise Bad(f"{name} must be a whole number from 1 on")
    size, newest = int(given), _head().size
    if not 0 < size <= newest:
        raise Bad(f"{name} must be between 1 and {newest}, the size of the newest checkpoint")
    return size
