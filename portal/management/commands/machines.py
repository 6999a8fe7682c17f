"""Write or check the reference page of states and actions."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.reference import page


class Command(BaseCommand):
    help = "Prints the reference page of states and actions; --write keeps it, --check compares it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true")
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        target = Path(settings.BASE_DIR) / "docs" / "reference" / "machines.md"
        text = page()
        if options["write"]:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            self.stdout.write(f"Wrote {target.relative_to(settings.BASE_DIR)}")
        elif options["check"]:
            if not target.exists() or target.read_text(encoding="utf-8") != text:
                raise CommandError(
                    "docs/reference/machines.md is not what the tables say; run manage.py machines --write"
                )
            self.stdout.write("docs/reference/machines.md is current")
        else:
            self.stdout.write(text)
