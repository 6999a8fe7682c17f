"""Write or check the reference pages that come from the code's own tables."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.reference import PAGES


class Command(BaseCommand):
    help = "Writes the reference pages with --write; --check compares them with the code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--write", action="store_true")
        which.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "docs" / "reference"
        folder.mkdir(parents=True, exist_ok=True)
        stale = []
        for name, write in PAGES.items():
            target, text = folder / name, write()
            if options["write"]:
                target.write_text(text, encoding="utf-8")
            elif not target.exists() or target.read_text(encoding="utf-8") != text:
                stale.append(name)
        if stale:
            raise CommandError(
                f"docs/reference/{', '.join(stale)}: not what the code says; run manage.py reference --write"
            )
        self.stdout.write(f"{len(PAGES)} reference pages are current")
