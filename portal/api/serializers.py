"""What each kind of object looks like outside. Reading only; writing goes through the verbs' forms."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from contracts.library.models import RecipeVersion, SavedRecipe
from contracts.library.selectors import versions_of
from contracts.negotiations.models import Agreement, Duty, Negotiation, Offer, Proposal
from contracts.sharing.models import Request
from jobs.deliveries.models import Delivery
from jobs.runs.models import Job
from jobs.trials.models import Trial
from jobs.trials.selectors import sees_all
from jobs.trials.shown import is_stale, result_for
from kernel.actor import NOBODY
from kernel.audit.models import Event
from trusts.datasets.models import Column, Dataset, DatasetVersion, Source, Upload
from trusts.datasets.places import KINDS
from trusts.membership.models import Membership, Trust
from trusts.organisations.models import Organisation

BASE = ["id", "ref", "state", "version", "created", "changed"]


class OrganisationOut(serializers.ModelSerializer[Organisation]):
    class Meta:
        model = Organisation
        fields = ["id", "name", "slug", "kind", "country", "about", "website"]


class TrustOut(serializers.ModelSerializer[Trust]):
    class Meta:
        model = Trust
        fields = [*BASE, "name", "slug", "kind", "purpose", "open_to_apply"]


class MembershipOut(serializers.ModelSerializer[Membership]):
    organisation_name = serializers.CharField(source="organisation.name", read_only=True)

    class Meta:
        model = Membership
        fields = [*BASE, "trust", "organisation", "organisation_name", "role", "since"]


class DatasetOut(serializers.ModelSerializer[Dataset]):
    title = serializers.CharField(source="title_text", read_only=True)

    class Meta:
        model = Dataset
        fields = [
            *BASE,
            "title",
            "slug",
            "organisation",
            "trust",
            "summary",
            "description",
            "keywords",
            "provenance",
            "terms_summary",
        ]


class ContractIn(serializers.Serializer[Any]):
    odcs = serializers.CharField(
        max_length=1 << 20, help_text="The data contract as YAML", trim_whitespace=False
    )


class ColumnOut(serializers.ModelSerializer[Column]):
    class Meta:
        model = Column
        fields = ["name", "type", "description", "unit", "personal"]


class UploadOut(serializers.ModelSerializer[Upload]):
    chunks = serializers.IntegerField(read_only=True, help_text="How many there are")
    received = serializers.ListField(
        source="received_chunks",
        child=serializers.IntegerField(),
        read_only=True,
        help_text="Numbers, from 0",
    )

    class Meta:
        model = Upload
        fields = [*BASE, "name", "size", "chunk_bytes", "chunks", "received", "sha256", "expires"]


class SourceOut(serializers.ModelSerializer[Source]):
    secrets = serializers.SerializerMethodField(help_text="Whether keys are kept; they are never shown")

    def get_secrets(self, source: Source) -> bool:
        return bool(source.sealed)

    class Meta:
        model = Source
        fields = [*BASE, "dataset", "address", "secrets", "every", "looked"]


class VersionOut(serializers.ModelSerializer[DatasetVersion]):
    columns = ColumnOut(many=True, read_only=True)
    reading = serializers.SerializerMethodField()

    def get_reading(self, version: DatasetVersion) -> dict[str, Any]:
        """All of it for the holder, who sees values in its notes; for others the format only."""
        if self.context["request"].user.actor.organisation_id == version.dataset.organisation_id:
            return version.reading
        return {k: version.reading[k] for k in ("format", "encoding", "compression") if k in version.reading}

    class Meta:
        model = DatasetVersion
        fields = [
            *BASE,
            "dataset",
            "number",
            "original_name",
            "original_sha256",
            "original_bytes",
            "source_fingerprint",
            "parquet_sha256",
            "rows",
            "reading",
            "failure",
            "columns",
        ]


class OfferOut(serializers.ModelSerializer[Offer]):
    class Meta:
        model = Offer
        fields = [*BASE, "dataset", "provider", "terms", "odrl", "policy_hash"]


class ProposalOut(serializers.ModelSerializer[Proposal]):
    class Meta:
        model = Proposal
        fields = ["number", "side", "terms", "odrl", "policy_hash", "note", "created"]


class NegotiationOut(serializers.ModelSerializer[Negotiation]):
    proposals = ProposalOut(many=True, read_only=True)
    turn = serializers.CharField(read_only=True)

    class Meta:
        model = Negotiation
        fields = [
            *BASE,
            "dataset",
            "provider",
            "consumer",
            "trust",
            "due",
            "rounds",
            "apart",
            "turn",
            "ended_because",
            "proposals",
        ]


class AgreementOut(serializers.ModelSerializer[Agreement]):
    class Meta:
        model = Agreement
        fields = [*BASE, "negotiation", "dataset", "version_of_data", "trust", "provider", "consumer", "terms", "odrl", "policy_hash",
                  "payload", "jws", "starts", "ends", "exports_used", "ended_because"]  # fmt: skip


class DutyOut(serializers.ModelSerializer[Duty]):
    class Meta:
        model = Duty
        fields = [*BASE, "agreement", "clause", "text", "due", "statement"]


class RequestOut(serializers.ModelSerializer[Request]):
    people = serializers.SerializerMethodField()

    class Meta:
        model = Request
        fields = [*BASE, "agreement", "version_of_data", "provider", "consumer", "purpose", "purpose_note", "place", "people", "columns",
                  "row_filter", "recipe", "format", "plan", "plan_hash", "advice", "due", "decided"]  # fmt: skip

    def get_people(self, request: Request) -> list[str]:
        return [str(person.user_id) for person in request.named.all()]


class RecipeOut(serializers.ModelSerializer[SavedRecipe]):
    steps = serializers.SerializerMethodField()
    versions = serializers.SerializerMethodField()

    class Meta:
        model = SavedRecipe
        fields = [
            *BASE,
            "organisation",
            "trust",
            "name",
            "description",
            "number",
            "hash",
            "steps",
            "versions",
        ]

    def _known(self, recipe: SavedRecipe) -> list[RecipeVersion]:
        request = self.context.get("request")
        actor = request.user.actor if request is not None else NOBODY
        return list(versions_of(recipe, actor))

    def get_steps(self, recipe: SavedRecipe) -> list[dict[str, Any]]:
        return next((v.steps for v in self._known(recipe) if v.number == recipe.number), [])

    def get_versions(self, recipe: SavedRecipe) -> list[dict[str, Any]]:
        return [
            {"number": v.number, "hash": v.hash, "note": v.note, "created": v.created.isoformat()}
            for v in self._known(recipe)
        ]


class TrialOut(serializers.ModelSerializer[Trial]):
    """A dry run. Rows, and exact counts, only for the people of the data's holder."""

    recipe = serializers.UUIDField(source="recipe.recipe_id", read_only=True, allow_null=True)
    result = serializers.SerializerMethodField()
    rows = serializers.SerializerMethodField()
    stale = serializers.SerializerMethodField()

    class Meta:
        model = Trial
        fields = [
            *BASE,
            "organisation",
            "request",
            "recipe",
            "version_of_data",
            "job",
            "plan_hash",
            "stale",
            "result",
            "rows",
        ]

    def get_result(self, trial: Trial) -> dict[str, Any]:
        return result_for(trial, self.context["request"].user.actor)

    def get_rows(self, trial: Trial) -> dict[str, Any] | None:
        return trial.rows if sees_all(trial, self.context["request"].user.actor) else None

    def get_stale(self, trial: Trial) -> bool:
        return is_stale(trial)


class JobOut(serializers.ModelSerializer[Job]):
    class Meta:
        model = Job
        fields = [
            *BASE,
            "kind",
            "holder",
            "consumer",
            "version_of_data",
            "request",
            "plan_hash",
            "attempt",
            "started",
            "finished",
            "progress",
            "result",
            "failure",
        ]


class DeliveryOut(serializers.ModelSerializer[Delivery]):
    class Meta:
        model = Delivery
        fields = [*BASE, "job", "request", "agreement", "provider", "consumer", "package_name", "package_sha256", "package_bytes",
                  "data_name", "data_sha256", "data_bytes", "rows", "receipt", "expires", "downloads_allowed", "downloads_made"]  # fmt: skip


class EventOut(serializers.ModelSerializer[Event]):
    index = serializers.SerializerMethodField()
    link_hash = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = ["id", "index", "created", "machine", "action", "subject_id", "subject_version", "subject_title", "from_state", "to_state",
                  "actor_name", "organisation_name", "door", "reason", "before", "after", "detail", "link_hash"]  # fmt: skip

    def get_index(self, event: Event) -> int | None:
        leaf = getattr(event, "leaf", None)
        return leaf.index if leaf else None

    def get_link_hash(self, event: Event) -> str | None:
        leaf = getattr(event, "leaf", None)
        return leaf.link_hash if leaf else None


class ReasonOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    text = serializers.CharField()
    remedy = serializers.CharField(required=False)
    source = serializers.CharField(required=False)
    field = serializers.CharField(required=False)


class ActionOut(serializers.Serializer[Any]):
    """One command on the object: allowed now, or the reasons why not."""

    name = serializers.CharField()
    label = serializers.CharField()
    allowed = serializers.BooleanField()
    reasons = ReasonOut(many=True)


class DatasetIn(serializers.Serializer[Any]):
    id = serializers.UUIDField(required=False, help_text="Choose it yourself to make a repetition harmless")
    title = serializers.CharField(max_length=160)
    summary = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    description = serializers.CharField(required=False, default="", allow_blank=True)
    keywords = serializers.ListField(child=serializers.CharField(max_length=80), required=False, default=list)
    provenance = serializers.CharField(required=False, default="", allow_blank=True)


class VersionIn(serializers.Serializer[Any]):
    dataset = serializers.UUIDField()
    file = serializers.FileField(required=False, help_text="Or `upload`, the id of a complete upload")
    upload = serializers.UUIDField(required=False)


class UploadIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    size = serializers.IntegerField(min_value=0, max_value=1 << 62)


class SourceIn(serializers.Serializer[Any]):
    """`kind` says which of the other parts are needed; keys and passwords are sealed and never shown."""

    dataset = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=list(KINDS))
    path = serializers.CharField(required=False, help_text="folder")
    url = serializers.CharField(required=False, help_text="s3: s3://bucket/path")
    endpoint = serializers.CharField(required=False, help_text="s3")
    region = serializers.CharField(required=False, help_text="s3")
    key = serializers.CharField(required=False, help_text="s3", trim_whitespace=False)
    secret = serializers.CharField(required=False, help_text="s3", trim_whitespace=False)
    host = serializers.CharField(required=False, help_text="postgres")
    port = serializers.IntegerField(required=False, help_text="postgres")
    database = serializers.CharField(required=False, help_text="postgres")
    user = serializers.CharField(required=False, help_text="postgres")
    password = serializers.CharField(required=False, help_text="postgres", trim_whitespace=False)
    sslmode = serializers.ChoiceField(
        choices=["verify-full", "require", "prefer"], default="require", help_text="postgres"
    )
    table = serializers.CharField(required=False, help_text="postgres: this or `query`")
    query = serializers.CharField(required=False, help_text="postgres: one SELECT")


class OfferIn(serializers.Serializer[Any]):
    dataset = serializers.UUIDField()
    trust = serializers.UUIDField()
    terms = serializers.DictField()


class NegotiationIn(serializers.Serializer[Any]):
    id = serializers.UUIDField(required=False)
    dataset = serializers.UUIDField()
    terms = serializers.DictField()
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)
    also = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        default=list,
        help_text="Further datasets of the same provider",
    )


class RequestIn(serializers.Serializer[Any]):
    id = serializers.UUIDField(required=False)
    agreement = serializers.UUIDField()
    purpose = serializers.CharField(max_length=60)
    purpose_note = serializers.CharField(max_length=4000)
    place = serializers.CharField(max_length=10)
    people = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)
    columns = serializers.ListField(child=serializers.CharField(), allow_empty=False)
    row_filter = serializers.ListField(child=serializers.DictField(), required=False, default=list)
    recipe = serializers.ListField(child=serializers.DictField(), required=False, default=list)
    format = serializers.ChoiceField(choices=["csv", "parquet", "jsonl", "xlsx"], default="csv")


class RecipeIn(serializers.Serializer[Any]):
    """A new recipe from `steps`, or a copy of another one (`copy_of`)."""

    id = serializers.UUIDField(required=False)
    name = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    description = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)
    steps = serializers.ListField(child=serializers.DictField(), required=False, default=list)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)
    copy_of = serializers.UUIDField(required=False, allow_null=True, default=None)


class TrustIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=["trust", "alliance", "room"], default="trust")
    purpose = serializers.CharField()
    charter = serializers.CharField()
    open_to_apply = serializers.BooleanField(default=True)


class MembershipIn(serializers.Serializer[Any]):
    trust = serializers.UUIDField()
    role = serializers.ChoiceField(choices=["provider", "consumer", "observer"])
    message = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


class MeOut(serializers.Serializer[Any]):
    user = serializers.UUIDField()
    name = serializers.CharField()
    organisation = serializers.UUIDField()
    organisation_name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    scopes = serializers.ListField(child=serializers.CharField())


class HeadOut(serializers.Serializer[Any]):
    size = serializers.IntegerField()
    link_hash = serializers.CharField()
    note = serializers.CharField()
    public_key = serializers.CharField()
