"""Verify the audit log from a shell: exit 0 if it holds, 1 and the place if not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.audit.verify import verify


class Command(BaseCommand):
    help = "Recomputes every entry's hash, the tree over them and every signed checkpoint."

    def handle(self, *args: Any, **options: Any) -> None:
        result = verify()
        if result.broken:
            where = result.broken
            raise CommandError(
                f"Entry {where.index}: {where.what}. Expected {where.expected}, found {where.found}."
            )
        self.stdout.write(
            f"{result.events} events, {result.checkpoints} seals, unbroken; root {result.head}; {result.unsealed} not sealed yet"
        )
