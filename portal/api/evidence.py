"""Evidence by API: receipts, proofs of entries, bundles."""

from __future__ import annotations

import tempfile
from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.negotiations import machines as negotiation_machines
from jobs.deliveries.machines import DELIVERY
from jobs.evidence import bundle, receipts, scope
from jobs.evidence.taking import record_taking
from kernel.audit import proofs
from kernel.audit import selectors as audit
from kernel.decision import Refused
from portal.api.kinds import Events
from portal.api.views import MachineView
from trusts.datasets.machines import DATASET

WAITS = "The entry has no place in the log yet"
AGAIN = "Ask again in some seconds"


class Entries(Events):
    """One entry of the trail, for whoever may open its page."""

    def get_object(self) -> Any:
        found = audit.one(self.kwargs["pk"], self.actor)
        if found is None:
            raise Http404
        return found

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def proof(self, request: Request, pk: UUID) -> Response:
        """The entry as it is hashed, its values with their salts, and its path to the root of the newest checkpoint."""
        self.needs("read", self.scope)
        event = self.get_object()
        found = proofs.of_event(event.pk)
        if found is None:
            raise Refused.because("entry.waits", WAITS, remedy=AGAIN)
        return Response(proofs.disclosed(event, found) | {"checkpoint": found.checkpoint.note})

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def receipt(self, request: Request, pk: UUID) -> Response:
        """The receipt of a contract, an admission, an attestation or an export, for `verify.py`."""
        self.needs("read", self.scope)
        event = self.get_object()
        if receipts.kind_of(event) is None:
            raise Refused.because(
                "receipt.none", "There are no receipts of such entries", remedy="Take its proof"
            )
        found = receipts.receipt_of(event)
        if found is None:
            raise Refused.because("entry.waits", WAITS, remedy=AGAIN)
        return Response(found)


class ReceiptOfDelivery(MachineView):
    machine, scope = DELIVERY, "requests"

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def receipt(self, request: Request, pk: UUID) -> Response:
        """The receipt of an export with its place in the log, as soon as it has one; before, as the portal signed it."""
        self.needs("read", self.scope)
        return Response(receipts.export_receipt(self.get_object()))


class _Evidence(MachineView):
    @extend_schema(request=None, responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def take(self, request: Request, pk: UUID) -> FileResponse:
        """The evidence bundle as a zip, for `verify.py` in it. That it was taken is in the trail of both sides."""
        self.needs("read", self.scope)
        subject = self.get_object()
        file = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            made = bundle.write(self.scope_of(subject), self.actor, file, limit=bundle.WEB_LIMIT)
        except Refused:
            file.close()
            raise
        record_taking(subject, self.actor, made.entries)
        file.seek(0)
        return FileResponse(
            file, as_attachment=True, filename=f"evidence-{subject.pk}.zip", content_type="application/zip"
        )

    def scope_of(self, subject: Any) -> scope.Scope:
        return scope.of_agreement(subject, self.actor)


class EvidenceOfAgreement(_Evidence):
    machine, scope = negotiation_machines.AGREEMENT, "negotiations"


class EvidenceOfDataset(_Evidence):
    machine, scope = DATASET, "datasets"

    def scope_of(self, subject: Any) -> scope.Scope:
        return scope.of_dataset(subject, self.actor)
