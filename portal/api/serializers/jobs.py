"""What the workers do: dry runs, jobs, exports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.deliveries.models import Delivery
from jobs.runs import shown
from jobs.runs.models import Job
from jobs.trials.models import Trial
from jobs.trials.selectors import sees_all
from jobs.trials.shown import is_stale, result_for
from portal.api.serializers.base import BASE


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
    """A job. Rows in hand, values in messages and what each step did are for the data's holder."""

    progress = serializers.SerializerMethodField()
    result = serializers.SerializerMethodField()
    failure = serializers.SerializerMethodField()

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

    def get_progress(self, job: Job) -> dict[str, Any]:
        return shown.progress(job, self.context["request"].user.actor)

    def get_result(self, job: Job) -> dict[str, Any]:
        return shown.result(job, self.context["request"].user.actor)

    def get_failure(self, job: Job) -> dict[str, Any]:
        return shown.failure(job, self.context["request"].user.actor)


class DeliveryOut(serializers.ModelSerializer[Delivery]):
    class Meta:
        model = Delivery
        fields = [*BASE, "job", "request", "agreement", "provider", "consumer", "package_name", "package_sha256", "package_bytes",
                  "data_name", "data_sha256", "data_bytes", "rows", "receipt", "expires", "downloads_allowed", "downloads_made", "withdrawn_told"]  # fmt: skip
