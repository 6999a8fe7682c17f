"""The trail, and what may be done with an object."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.audit.models import Event


class EventOut(serializers.ModelSerializer[Event]):
    index = serializers.SerializerMethodField()
    leaf_hash = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = ["id", "index", "created", "machine", "action", "subject_id", "subject_version", "subject_title", "from_state", "to_state",
                  "actor_name", "organisation_name", "door", "reason", "before", "after", "detail", "leaf_hash"]  # fmt: skip

    def get_index(self, event: Event) -> int | None:
        leaf = getattr(event, "leaf", None)
        return leaf.index if leaf else None

    def get_leaf_hash(self, event: Event) -> str | None:
        leaf = getattr(event, "leaf", None)
        return leaf.leaf_hash if leaf else None


class HeadOut(serializers.Serializer[Any]):
    size = serializers.IntegerField()
    root_hash = serializers.CharField()
    note = serializers.CharField()
    public_key = serializers.CharField()


class LogKeyOut(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    public_key = serializers.CharField()
    from_size = serializers.IntegerField()
    handover = serializers.JSONField()


class LogKeysOut(serializers.Serializer[Any]):
    """`verifier_key` and `witnesses` in C2SP's form name+hash+key; `public_key` in hex."""

    origin = serializers.CharField()
    verifier_key = serializers.CharField()
    keys = LogKeyOut(many=True)
    witnesses = serializers.ListField(child=serializers.CharField())


class ConsistencyOut(serializers.Serializer[Any]):
    to = serializers.IntegerField()
    proof = serializers.ListField(child=serializers.CharField())

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language and cannot be declared above.
        return {"from": serializers.IntegerField(), **super().get_fields()}


class InclusionOut(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    leaf_hash = serializers.CharField()
    size = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField())


class CosignedOut(serializers.Serializer[Any]):
    """Names of witnesses: whose line was kept now, whose before; and why other lines were left out."""

    size = serializers.IntegerField()
    kept = serializers.ListField(child=serializers.CharField())
    known = serializers.ListField(child=serializers.CharField())
    left_out = serializers.ListField(child=serializers.CharField())


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
    foretold = serializers.BooleanField(
        help_text="Whether `foretold` of the command says beforehand what follows elsewhere"
    )
    reasons = ReasonOut(many=True)


class EffectOut(serializers.Serializer[Any]):
    """One kind of thing that would happen elsewhere, how often, and the first of those that you may see by their titles."""

    text = serializers.CharField()
    count = serializers.IntegerField()
    named = serializers.ListField(child=serializers.CharField())


class ForetoldOut(serializers.Serializer[Any]):
    """What a command would bring about now. Empty where it is refused, and where nothing follows elsewhere."""

    command = serializers.CharField()
    allowed = serializers.BooleanField()
    reasons = ReasonOut(many=True)
    effects = EffectOut(many=True)


class RefusedOut(serializers.Serializer[Any]):
    command = serializers.CharField()
    reasons = ReasonOut(many=True)


class CommandsOut(serializers.Serializer[Any]):
    """What this token may do with the object now, and for every other command why not."""

    allowed = serializers.ListField(child=serializers.CharField())
    refused = RefusedOut(many=True)
