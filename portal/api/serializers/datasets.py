"""Datasets, their versions, and where files come from."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.api.serializers.base import BASE
from trusts.datasets.models import Column, Dataset, DatasetVersion, Source, Upload
from trusts.datasets.places import KINDS


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


class DatasetIn(serializers.Serializer[Any]):
    id = serializers.UUIDField(required=False, help_text="Choose it yourself to make a repetition harmless")
    title = serializers.CharField(max_length=160)
    summary = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    description = serializers.CharField(required=False, default="", allow_blank=True)
    keywords = serializers.ListField(child=serializers.CharField(max_length=80), required=False, default=list)
    provenance = serializers.CharField(required=False, default="", allow_blank=True)


class ContractIn(serializers.Serializer[Any]):
    odcs = serializers.CharField(
        max_length=1 << 20, help_text="The data contract as YAML", trim_whitespace=False
    )


class ColumnOut(serializers.ModelSerializer[Column]):
    class Meta:
        model = Column
        fields = ["name", "type", "description", "unit", "personal"]


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


class VersionIn(serializers.Serializer[Any]):
    dataset = serializers.UUIDField()
    file = serializers.FileField(required=False, help_text="Or `upload`, the id of a complete upload")
    upload = serializers.UUIDField(required=False)


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


class UploadIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    size = serializers.IntegerField(min_value=0, max_value=1 << 62)


class SourceOut(serializers.ModelSerializer[Source]):
    secrets = serializers.SerializerMethodField(help_text="Whether keys are kept; they are never shown")

    def get_secrets(self, source: Source) -> bool:
        return bool(source.sealed)

    class Meta:
        model = Source
        fields = [*BASE, "dataset", "address", "secrets", "every", "looked"]


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
