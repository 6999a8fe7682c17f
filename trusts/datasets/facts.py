from __future__ import annotations

from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.datasets.claims import is_named
from trusts.datasets.machines import VERSION
from trusts.datasets.models import DatasetVersion
from trusts.datasets.rules import VersionFacts

TEXT_AND_SHEETS = ("csv", "tsv", "json", "jsonl", "xlsx", "ods")


@loads_facts(VERSION)
def version_facts(version: DatasetVersion, actor: Actor) -> VersionFacts:
    typed = (
        bool(version.place)
        and version.state != "choosing"
        and version.reading.get("format") not in TEXT_AND_SHEETS
    )
    return VersionFacts(named=is_named(version.pk), typed=typed)
