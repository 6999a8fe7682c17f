"""Make every kept decision again, and compare byte for byte."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contracts.decisions.keeping import replay
from contracts.decisions.models import StoredDecision


class Command(BaseCommand):
    help = "Makes kept decisions again from their inputs. Exit code 1 if one comes out otherwise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--newest", type=int, metavar="N", help="only the N newest")

    def handle(self, *args: Any, **options: Any) -> None:
        found = StoredDecision.objects.select_related("policy").order_by("-created", "id")
        if options["newest"] is not None:
            found = found[: max(options["newest"], 0)]
        same = 0
        wrong: list[str] = []
        for stored in found.iterator(chunk_size=200):
            again = replay(stored)
            same += again.same
            if not again.same:
                wrong.append(f"{stored.pk} ({stored.get_moment_display()}): {again.text}")
        for line in wrong:
            self.stderr.write(line)
        if wrong:
            raise CommandError(f"{len(wrong)} of {same + len(wrong)} decisions did not come out the same.")
        self.stdout.write(f"{same} decision{'' if same == 1 else 's'} made again, byte for byte the same.")
