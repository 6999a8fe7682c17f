"""Forget a person who asked for it: names and addresses go, the log still verifies."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.actor import system
from kernel.decision import Refused
from portal.models import Notice
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
        try:
            found = erase_person(user.pk, actor=system("operator", door="shell"), reason=options["reason"])
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        notices, _ = Notice.objects.filter(user=user).delete()
        self.stdout.write(
            f"Erased {found.values} values in {found.events} entries, and {notices} notices. "
            f"{found.kept} entries were written before values could be erased and are as they were. "
            "Signed contracts and receipts keep the names in them; backups keep them until they are over."
        )
