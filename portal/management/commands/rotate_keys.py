"""Renew the signing keys that the portal holds for organisations."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from kernel.actor import system
from trusts.organisations import keys
from trusts.organisations.models import Organisation


class Command(BaseCommand):
    help = "Makes new portal-held keys; contracts signed with the old ones still verify. Own keys are left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than", type=int, default=0, metavar="DAYS", help="only keys that began before"
        )
        parser.add_argument("--organisation", metavar="SLUG", help="only this organisation's key")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Organisation.objects.order_by("name")
        if options["organisation"]:
            found = found.filter(slug=options["organisation"])
            if not found:
                raise CommandError(f"There is no organisation {options['organisation']}")
        before = timezone.now() - timedelta(days=options["older_than"])
        renewed = 0
        for organisation in found:
            newest = organisation.signing_keys.first()
            if organisation.custody != "portal" or (newest and newest.valid_from > before):
                continue
            renewed += 1
            if options["dry_run"]:
                self.stdout.write(f"{organisation}: would be renewed")
                continue
            keys.rotate(organisation.pk, actor=system("rotate_keys", door="shell"))
            self.stdout.write(f"{organisation}: {keys.valid(organisation.pk, 'portal')[0].key_id}")
        self.stdout.write(f"{renewed} renewed" if not options["dry_run"] else f"{renewed} would be renewed")
