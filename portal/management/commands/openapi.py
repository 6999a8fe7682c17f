"""Write or check the committed description of the API."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer


class Command(BaseCommand):
    help = "Prints the OpenAPI description; --write keeps it, --check compares it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true")
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        schema = SchemaGenerator().get_schema(request=None, public=True)
        text = OpenApiYamlRenderer().render(schema, renderer_context={}).decode()
        target = Path(settings.BASE_DIR) / "docs" / "reference" / "openapi.yaml"
        if options["write"]:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            self.stdout.write(f"Wrote {target.relative_to(settings.BASE_DIR)}")
        elif options["check"]:
            if not target.exists() or target.read_text(encoding="utf-8") != text:
                raise CommandError(
                    "docs/reference/openapi.yaml is not what the code says; run manage.py openapi --write"
                )
            self.stdout.write("docs/reference/openapi.yaml is current")
        else:
            self.stdout.write(text)
