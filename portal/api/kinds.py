"""The kinds of objects in the API, and how each comes to be."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from contracts.library import selectors as library_selectors
from contracts.library import services as library
from contracts.library.machines import RECIPE
from contracts.negotiations import machines as negotiation_machines
from contracts.negotiations import offers
from contracts.negotiations import selectors as negotiated
from contracts.negotiations import services as negotiations
from contracts.negotiations.signing import bundle, to_sign
from contracts.sharing import machines as sharing_machines
from contracts.sharing import services as sharing
from jobs.deliveries.machines import DELIVERY
from jobs.deliveries.views import package_file
from jobs.provenance.documents import odcs_of
from jobs.runs.machines import JOB
from jobs.trials.machines import TRIAL
from kernel import doors
from kernel.audit import selectors as audit
from kernel.audit.keyring import portal_key
from kernel.audit.trail import Wanted
from kernel.decision import Refused
from kernel.roles import roles_of
from portal.api import serializers as out
from portal.api.pagination import TrailPages
from portal.api.views import KEY, MachineView
from trusts.datasets import machines as dataset_machines
from trusts.datasets import selectors as dataset_selectors
from trusts.datasets import services as datasets
from trusts.datasets.models import Dataset
from trusts.datasets.odcs import OdcsFault
from trusts.datasets.quality import quality_of, rules_of
from trusts.datasets.rulebook import imported, newest
from trusts.membership import selectors as membership_selectors
from trusts.membership import services as membership
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.trust_machine import TRUST
from trusts.organisations.keys import key_set
from trusts.organisations.machines import ORGANISATION


class Organisations(MachineView):
    machine, scope, serializer_class, order = (
        ORGANISATION,
        "organisation",
        out.OrganisationOut,
        ("name", "pk"),
    )

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def key_set(self, request: Request, pk: UUID) -> Response:
        """Every public signing key it ever had, as a JWK set with custody and times."""
        self.needs("read", self.scope)
        return Response(key_set(self.get_object()))


class Trusts(MachineView):
    machine, scope, serializer_class = TRUST, "trusts", out.TrustOut

    @extend_schema(request=out.TrustIn, responses={201: out.TrustOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        self.needs("trusts")
        return self.created(membership.found(actor=self.actor, **self.valid(out.TrustIn, request)))

    @extend_schema(responses={200: out.CharterOut(many=True)})
    def charter(self, request: Request, pk: UUID) -> Response:
        """Every version, newest first: its words, the limits for contracts, and the whole governance as data."""
        self.needs("read", self.scope)
        trust = self.get_object()
        return Response(out.CharterOut(trust.charters.select_related("trust"), many=True).data)


class Memberships(MachineView):
    machine, scope, serializer_class = MEMBERSHIP, "trusts", out.MembershipOut

    @extend_schema(request=out.MembershipIn, responses={201: out.MembershipOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Apply to join a trust."""
        self.needs("trusts")
        given = self.valid(out.MembershipIn, request)
        trust = get_object_or_404(membership_selectors.trusts(self.actor), pk=given.pop("trust"))
        return self.created(membership.apply(trust.pk, actor=self.actor, **given))


class Datasets(MachineView):
    machine, scope, serializer_class = dataset_machines.DATASET, "datasets", out.DatasetOut

    def filtered(self, found: Any) -> Any:
        return dataset_selectors.matching(super().filtered(found), self.request.query_params.get("q", ""))

    @extend_schema(request=out.DatasetIn, responses={201: out.DatasetOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        self.needs("datasets")
        return self.created(datasets.register(actor=self.actor, **self.valid(out.DatasetIn, request)))

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def rules(self, request: Request, pk: UUID) -> Response:
        """The quality rules and what the newest version made of each. Change them with the action `set_rules`."""
        self.needs("read", "datasets")
        dataset = self._own()
        version = newest(dataset)
        return Response({"rules": dataset.rules, "checked": rules_of(version) if version else []})

    @extend_schema(responses={(200, "application/yaml"): OpenApiTypes.STR})
    def contract(self, request: Request, pk: UUID) -> HttpResponse:
        """Dictionary and rules as a data contract (ODCS 3.1, YAML)."""
        self.needs("read", "datasets")
        found = odcs_of(self._own(), self.actor, settings.SITE_URL)
        return HttpResponse(found.text, content_type=found.kind)

    @extend_schema(request=out.ContractIn, responses={200: OpenApiTypes.OBJECT}, parameters=[KEY])
    def bring(self, request: Request, pk: UUID) -> Response:
        """Add the rules of a data contract. Answers with `rules` added, `known` ones and, in words, what was `unread`."""
        self.needs("datasets")
        dataset = self._own()
        given = self.valid(out.ContractIn, request)
        try:
            found = imported(given["odcs"], dataset)
        except OdcsFault as fault:
            raise ValidationError({"odcs": [str(fault)]}) from None
        if found["rules"]:
            doors.perform(
                dataset_machines.DATASET, "set_rules", dataset, actor=self.actor,
                data={"rules": json.dumps([*dataset.rules, *found["rules"]])},
            )  # fmt: skip
        return Response(found)

    def _own(self) -> Dataset:
        """The dataset, if the token's organisation holds it: its rules may quote its values."""
        found = self.get_object()
        if found.organisation_id != self.actor.organisation_id:
            raise Http404
        return found  # type: ignore[no-any-return]


class Versions(MachineView):
    machine, scope, serializer_class, related = (
        dataset_machines.VERSION,
        "datasets",
        out.VersionOut,
        ("columns",),
    )

    def filtered(self, found: Any) -> Any:
        found, dataset = super().filtered(found), self.asked_id("dataset")
        return found.filter(dataset_id=dataset) if dataset else found

    @extend_schema(
        request={"multipart/form-data": out.VersionIn}, responses={201: out.VersionOut}, parameters=[KEY]
    )
    def create(self, request: Request) -> Response:
        """Upload a file as the next version; a worker reads it."""
        self.needs("datasets")
        given = self.valid(out.VersionIn, request)
        dataset = get_object_or_404(dataset_selectors.datasets(self.actor), pk=given["dataset"])
        made = doors.perform(
            dataset_machines.DATASET,
            "add_version",
            dataset,
            actor=self.actor,
            data=request.data,
            files=request.FILES,
        )
        return self.created(made)

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def profile(self, request: Request, pk: UUID) -> Response:
        """The measurements; small counts are hidden from other organisations."""
        self.needs("read", "datasets")
        version = self.get_object()
        return Response(
            quality_of(version, masked=version.dataset.organisation_id != self.actor.organisation_id)
        )


class Offers(MachineView):
    machine, scope, serializer_class = negotiation_machines.OFFER, "negotiations", out.OfferOut

    @extend_schema(request=out.OfferIn, responses={201: out.OfferOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Publish terms for a dataset in a trust."""
        self.needs("negotiations")
        given = self.valid(out.OfferIn, request)
        dataset = get_object_or_404(dataset_selectors.datasets(self.actor), pk=given["dataset"])
        trust = get_object_or_404(membership_selectors.trusts(self.actor), pk=given["trust"])
        return self.created(offers.publish(dataset.pk, actor=self.actor, terms=given["terms"], trust=trust))


class Negotiations(MachineView):
    machine, scope, serializer_class, related = (
        negotiation_machines.NEGOTIATION,
        "negotiations",
        out.NegotiationOut,
        ("proposals", "participants"),
    )

    @extend_schema(request=out.NegotiationIn, responses={201: out.NegotiationOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Ask a provider for a dataset on these terms."""
        self.needs("negotiations")
        given = self.valid(out.NegotiationIn, request)
        dataset = get_object_or_404(dataset_selectors.datasets(self.actor), pk=given.pop("dataset"))
        return self.created(negotiations.ask(actor=self.actor, dataset=dataset, **given))


class Agreements(MachineView):
    machine, scope, serializer_class, related = (
        negotiation_machines.AGREEMENT,
        "negotiations",
        out.AgreementOut,
        ("uses",),
    )

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def to_sign(self, request: Request, pk: UUID) -> Response:
        """The texts that your organisation may sign with its own keys; send one signature with the action `sign`.

        Sign `signing_input` as ASCII bytes. An empty list: your signature is not awaited, or you have no valid key.
        """
        self.needs("read", self.scope)
        texts = to_sign(self.get_object(), self.actor.organisation_id)
        return Response([
            {"kid": one.key.key_id, "payload_sha256": one.sha256, "protected": one.protected, "signing_input": one.text.decode()}
            for one in texts
        ])  # fmt: skip

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def signed(self, request: Request, pk: UUID) -> Response:
        """The contract with its signatures and the public keys, for `verify.py`."""
        self.needs("read", self.scope)
        return Response(bundle(self.get_object()))

    @extend_schema(request=out.SuccessionIn, responses={201: out.NegotiationOut}, parameters=[KEY])
    def succeed(self, request: Request, pk: UUID) -> Response:
        """Begin the negotiation of a change or a renewal of this contract, which stands until that is concluded."""
        self.needs("negotiations")
        given = self.valid(out.SuccessionIn, request)
        made = negotiations.succeed(self.get_object().pk, actor=self.actor, **given)
        return Response(out.NegotiationOut(made).data, status=status.HTTP_201_CREATED)


class Duties(MachineView):
    machine, scope, serializer_class, related = (
        negotiation_machines.DUTY,
        "negotiations",
        out.DutyOut,
        ("evidence",),
    )


class Recipes(MachineView):
    machine, scope, serializer_class, order = RECIPE, "requests", out.RecipeOut, ("name", "pk")

    @extend_schema(request=out.RecipeIn, responses={201: out.RecipeOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Save a recipe, or copy one that you may see."""
        self.needs("requests")
        given = self.valid(out.RecipeIn, request)
        source = given.pop("copy_of")
        if source is not None:
            found = get_object_or_404(library_selectors.recipes(self.actor), pk=source)
            return self.created(library.copy(found, actor=self.actor, name=given["name"], id=given.get("id")))
        if not given["name"].strip():
            raise Refused.because("recipe.name", "A recipe needs a name", remedy="Give it one", field="name")
        return self.created(library.save(actor=self.actor, **given))


class Trials(MachineView):
    machine, scope, serializer_class = TRIAL, "requests", out.TrialOut

    def filtered(self, found: Any) -> Any:
        found, wanted = super().filtered(found), self.asked_id("request")
        return found.filter(request_id=wanted) if wanted else found


class Requests(MachineView):
    machine, scope, serializer_class, related = (
        sharing_machines.REQUEST,
        "requests",
        out.RequestOut,
        ("named", "reviews"),
    )

    @extend_schema(request=out.RequestIn, responses={201: out.RequestOut}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Write a draft; submit it with the action `submit`."""
        self.needs("requests")
        given = self.valid(out.RequestIn, request)
        agreement = get_object_or_404(negotiated.agreements(self.actor), pk=given.pop("agreement"))
        return self.created(sharing.draft(actor=self.actor, agreement=agreement, **given))


class Jobs(MachineView):
    machine, scope, serializer_class = JOB, "requests", out.JobOut


class Deliveries(MachineView):
    machine, scope, serializer_class = DELIVERY, "deliveries", out.DeliveryOut

    @extend_schema(request=None, responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def package(self, request: Request, pk: UUID) -> Any:
        """Fetch the package; counted, and decided anew each time. The token's owner must be named."""
        self.needs("deliveries")
        found = self.get_object()
        if "named" not in roles_of(self.actor, found):
            raise Refused.because(
                "delivery.named",
                "Only the people named in the request may fetch it",
                remedy="Ask to be named in a new request",
            )
        doors.perform(DELIVERY, "download", found, actor=self.actor, data={})
        return package_file(found, self.actor)


class Events(MachineView):
    """The trail of what concerns the token's organisation, newest first."""

    machine, scope, serializer_class, pagination_class = ORGANISATION, "read", out.EventOut, TrailPages

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return audit.Event.objects.none()
        return audit.visible_to(self.actor)

    @extend_schema(
        parameters=[OpenApiParameter("subject", UUID, description="Only what happened with this object")]
    )
    def list(self, request: Request) -> Response:
        """What concerns the token's organisation, newest first, from one entry to the next: follow `next` until it is null."""
        self.needs("read", self.scope)
        subject = self.asked_id("subject")
        # The page of the trail has the right entries by its own indexes; it wants no query.
        page = self.paginate_queryset(Wanted(subjects=(subject,) if subject else None))  # type: ignore[arg-type]
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class Me(APIView):
    @extend_schema(responses=out.MeOut)
    def get(self, request: Request) -> Response:
        """Whom this token acts for, and what it may do."""
        actor = request.user.actor  # type: ignore[union-attr]
        return Response({"user": actor.user_id, "name": actor.name, "organisation": actor.organisation_id, "organisation_name": actor.organisation_name,
                         "roles": sorted(actor.roles), "scopes": sorted(actor.scopes or ())})  # fmt: skip


class Head(APIView):
    authentication_classes: list[type] = []
    permission_classes: list[type] = []

    @extend_schema(responses=out.HeadOut)
    def get(self, request: Request) -> Response:
        """The newest signed head of the log; public, so that anyone can keep it."""
        head = audit.head()
        public = portal_key().public_key().public_bytes_raw().hex()
        return Response(
            {
                "size": head.size if head else 0,
                "root_hash": head.root_hash if head else "",
                "note": head.note if head else "",
                "public_key": public,
            }
        )
