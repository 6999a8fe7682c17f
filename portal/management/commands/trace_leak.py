"""Say from a shell which export a leaked file came from. Exit 0 whatever the answer; 1 if the file cannot be read."""

from __future__ import annotations

import json
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jobs.tracing.hand import Hand
from jobs.tracing.search import exports, trace
from jobs.tracing.services import told_at_shell
from jobs.tracing.words import lines
from kernel.actor import system
from trusts.datasets.models import Dataset


class Command(BaseCommand):
    help = (
        "Compares FILE with every marked export and names the one it came from, with the chance of an error, "
        "or says why it cannot. Nothing is named above one in a million. The holder of a named export finds the answer on "
        "its dataset's page and in its audit trail."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="CSV, JSON Lines, Parquet, XLSX or any other format that can be read in"
        )
        parser.add_argument(
            "--dataset",
            metavar="SLUG",
            help="only exports of this dataset; faster, and fewer to be told apart",
        )
        parser.add_argument("--json", action="store_true", help="the whole answer as JSON")

    def handle(self, *args: Any, file: Path, dataset: str | None, json: bool, **options: Any) -> None:
        from jobs.pipeline.faults import Fault

        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        among = exports()
        if dataset:
            if not Dataset.objects.filter(slug=dataset).exists():
                raise CommandError(f"There is no dataset {dataset!r}. Its name stands in its page's address.")
            among = among.filter(agreement__dataset__slug=dataset)
        room = Path(settings.COMMONHOLD_VAR)
        room.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=room, prefix="trace-") as folder:
            hand = Hand(Path(folder), (lambda _: None) if json else self._say)
            try:
                found = trace(hand, file, file.name, among)
            except Fault as fault:
                raise CommandError(f"{fault.text} {fault.remedy}") from None
        told = told_at_shell(
            actor=system("an operator at the shell", door="shell"), name=file.name, sha256=found["sha256"],
            size=file.stat().st_size, found=found,
        )  # fmt: skip
        if not json:
            for one in told:
                self._say(f"{one.organisation} finds this as {one.ref} on the page of its dataset")
        self.stdout.write(_json(found) if json else "\n".join(lines(found)))

    def _say(self, stage: str) -> None:
        self.stderr.write(f"{stage} …")


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False)
