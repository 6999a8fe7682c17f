"""Files in pieces: start, send raw chunks in any order, finish with the action `complete`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.request import UnreadablePostError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api import serializers as out
from portal.api.problems import problem
from portal.api.views import KEY, MachineView
from trusts.datasets import machines, uploads

SUM = OpenApiParameter(
    "X-Chunk-SHA256", str, OpenApiParameter.HEADER, required=True, description="SHA-256 of the body, in hex"
)


class Uploads(MachineView):
    machine, scope, serializer_class = machines.UPLOAD, "datasets", out.UploadOut

    @extend_schema(request=out.UploadIn, responses={201: out.UploadOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Start an upload. Then PUT each chunk, and POST the action `complete`."""
        self.needs("datasets")
        return self.created(uploads.create(actor=self.actor, **self.valid(out.UploadIn, request)))

    @extend_schema(
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: OpenApiTypes.OBJECT},
        parameters=[SUM, OpenApiParameter("index", int, OpenApiParameter.PATH)],
    )
    def chunk(self, request: Request, pk: UUID, index: int) -> Response:
        """Send chunk `index` (from 0) as the raw body. Sending one again is harmless."""
        self.needs("datasets")
        upload: Any = self.get_object()
        given = request.headers.get("X-Chunk-SHA256")
        if not given:
            return problem("chunk.checksum", "Send the chunk's SHA-256 in the header X-Chunk-SHA256", 422)
        try:
            # The plain request: DRF would look for a parser and read the body into memory.
            uploads.receive(upload, index, request._request.read, actor=self.actor, sha256=given)
        except uploads.ChunkFault as fault:
            return problem(fault.code, fault.text, 422)
        except UnreadablePostError:
            return problem("cut", "The connection was cut; send the chunk again", 400)
        return Response({"received": index})
