"""Forget a person who asked for it: names and addresses go, the log still verifies."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from kernel.actor import system
from kernel.decision import Refused
from portal.forget import forget, left
from trusts.organisations.erasure import erase_person
from trusts.organisations.models import User


class Command(BaseCommand):
    help = "Erases a person's name and address from the portal and from the entries of the log. Cannot be undone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--reason", required=True, help="when and how they asked, without their name")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"There is no person with the address {options['email']}.")
        if (
            not options["yes"]
            and input(f"Erase {user} for ever? Type their address: ").strip().lower() != user.email
        ):
            raise CommandError("Nothing was erased.")
        names = [user.name, user.email]
        try:
            with transaction.atomic():
                found = erase_person(
                    user.pk, actor=system("operator", door="shell"), reason=options["reason"]
                )
                notices = forget(user, names)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(
            f"Erased {found.values} values in {found.events} entries, and {notices} notices. "
            f"{found.kept} entries were written before values could be erased and are as they were. "
            "Backups keep them until they are over."
        )
        still = left(names)
        if still:
            self.stdout.write("The name or address still stands in what was signed or typed; decide on each:")
            for place, rows in still.items():
                self.stdout.write(f"  {place} ({rows})")
