"""Fill the demo: invented organisations, real data, all by the real verbs and the real worker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.demo.seed import seed


class Command(BaseCommand):
    help = "Makes the demo's people, datasets, negotiations, contracts and exports. Needs a running worker."

    def handle(self, *args: Any, **options: Any) -> None:
        seed(lambda text: self.stdout.write(f"  {text}"))
