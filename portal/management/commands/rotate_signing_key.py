"""Hand the log over to a new signing key."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from kernel.audit import keyring
from kernel.audit.seal import seal_all, sequencing


class Command(BaseCommand):
    help = "Lets the newest configured key sign from now on; the key before it signs the handover."

    def handle(self, *args: Any, **options: Any) -> None:
        seal_all()
        try:
            with sequencing():
                row = keyring.hand_over()
        except ImproperlyConfigured as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"Key {row.number} ({row.public_key}) signs from {row.from_size} entries on. "
            "Tell witnesses and partners its public key; /api/v1/log/keys shows the handover."
        )
