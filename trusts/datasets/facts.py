from __future__ import annotations

from kernel.actor import Actor
from kernel.registry import loads_facts
from trusts.datasets.claims import is_named
from trusts.datasets.machines import VERSION
from trusts.datasets.models import DatasetVersion
from trusts.datasets.rules import VersionFacts


@loads_facts(VERSION)
def version_facts(version: DatasetVersion, actor: Actor) -> VersionFacts:
    return VersionFacts(named=is_named(version.pk))
