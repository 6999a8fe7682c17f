"""Data that stays where it is. Reading it again and the rest are actions of the source."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.doors import NotValid
from portal.api import serializers as out
from portal.api.views import KEY, MachineView, flat
from trusts.datasets import machines, selectors, sources
from trusts.datasets.source_forms import SourceForm


class Sources(MachineView):
    machine, scope, serializer_class = machines.SOURCE, "datasets", out.SourceOut

    @extend_schema(request=out.SourceIn, responses={201: out.SourceOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Name the place where a dataset's data stays; a worker reads it into the next version."""
        self.needs("datasets")
        given = self.valid(out.SourceIn, request)
        own = selectors.datasets(self.actor).filter(organisation_id=self.actor.organisation_id)
        dataset = get_object_or_404(own, pk=given.pop("dataset"))
        kind = given.pop("kind")
        form = SourceForm(flat(given, SourceForm(actor=self.actor, kind=kind)), actor=self.actor, kind=kind)
        if not form.is_valid():
            raise NotValid(form)
        return self.created(sources.connect(actor=self.actor, dataset=dataset, **form.cleaned_data))
